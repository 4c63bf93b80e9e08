import HTTPWire
import MartletKit

/// How a session continues after a step.
enum Flow: UInt8 {
    /// Continue with the next request.
    case proceed
    /// Wait for more input, or for room for output.
    case wait
    /// Stop: the connection is closing.
    case end
}

/// One request that is being answered: the data that the answer needs, and that the host gets when it is done.
struct Exchange {
    let connection: Connection<HTTP>
    let method: RequestMethod
    let version: RequestHead.Version
    /// The request target as sent.
    let target: Bytes
    /// Whether another request may follow. False puts `Connection: close` into the answer.
    var keepsAlive: Bool
    /// When the head was complete, in CLOCK_MONOTONIC nanoseconds, if a later callback finishes the answer; otherwise 0.
    var started: UInt64 = 0

    @inline(__always)
    var isHead: Bool { method == .head }

    /// Counts the answered request, and closes if it was the last one.
    ///
    /// The host decides from the status which requests have failed: 500, 502 to 504. A refused request is a mistake of the
    /// peer and does not count as failed: otherwise every scanner would look like an outage.
    @inline(__always)
    func finish(_ status: UInt16, bytes: Int, _ result: HostResult) -> Flow {
        guard result.isAccepted else { return breakOff() }
        connection.requestDone(
            method: method.name, target: Span(_unsafeElements: target), status: UInt32(status), bytes: UInt64(bytes),
            failed: false, started: started)
        if _slowPath(!keepsAlive) {
            connection.close()
            return .end
        }
        return _fastPath(result == .ok) ? .proceed : .wait
    }

    /// Aborts the connection, because the host did not accept some output: an answer with a gap must not continue.
    @inline(never)
    func breakOff() -> Flow {
        connection.abort()
        return .end
    }
}

extension RequestMethod {
    /// The name for the host's record of the request.
    @inline(__always)
    var name: StaticString {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .put: "PUT"
        case .delete: "DELETE"
        case .connect: "CONNECT"
        case .options: "OPTIONS"
        case .trace: "TRACE"
        case .patch: "PATCH"
        case .other: "-"
        }
    }
}
