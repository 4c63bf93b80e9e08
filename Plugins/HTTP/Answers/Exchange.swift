import HTTPWire
import MartletKit

/// How a session goes on after what it has just done.
enum Flow: UInt8 {
    /// With the next request.
    case proceed
    /// Not before more input has come, or there is room for output.
    case wait
    /// Not at all: the connection is closing.
    case end
}

/// One request that is being answered: what an answer must know of it, and what is told to the host when it is done.
struct Exchange {
    let connection: Connection<HTTP>
    let method: RequestMethod
    let version: RequestHead.Version
    /// The request target as sent.
    let target: Bytes
    /// Whether another request may follow. False puts `Connection: close` into the answer.
    var keepsAlive: Bool
    /// When the head had come, if the answer is not made in the same callback: CLOCK_MONOTONIC. Else 0.
    var started: UInt64 = 0

    @inline(__always)
    var isHead: Bool { method == .head }

    /// Counts the answered request, and closes if it was the last one.
    ///
    /// Which requests have failed is the host's rule over their status: 500, 502 to 504. What is refused is the peer's
    /// doing, and would make every scanner look like an outage.
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

    /// Output was not taken: an answer with a hole in it must not go on.
    @inline(never)
    func breakOff() -> Flow {
        connection.abort()
        return .end
    }
}

extension RequestMethod {
    /// For the log: a parsed request has one of these.
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
