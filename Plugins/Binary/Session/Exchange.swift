import BinaryWire
import MartletKit

/// One request and its answer. Operations that need only their input, and no store, are here.
///
/// A ping, an echo and a get allocate nothing: the answer is encoded directly into the host's output buffer.
struct Exchange {
    let connection: Connection<Binary>
    let requestID: UInt32
    /// The largest payload that the client accepts.
    let clientMaximumPayload: Int

    @inline(__always)
    func answer(_ request: ServerRequest, in input: Span<UInt8>) -> HostResult {
        switch request {
        case .ping(let payload): return ping(payload, input)
        case .echo(let payload): return echo(payload, input)
        case .get(let key): return get(key, input)
        case .put(let put): return self.put(put, input)
        case .delete(let key): return delete(key, input)
        case .scan(let scan): return self.scan(scan, input)
        case .read(let key): return read(key, input)
        case .write(let write): return self.write(write, input)
        case .batch(let batch): return self.batch(batch, input)
        // The session answers these: it has the watches, and knows who the client is.
        case .watch, .unwatch, .authenticate: return connection.giveUp()
        }
    }

    private func ping(_ payload: Range<Int>, _ input: Span<UInt8>) -> HostResult {
        let bytes = input.bytes.extracting(payload)
        return send(.ping, Span(), WireLimits.headerBytes + payload.count) {
            FrameEncoder.pong(bytes, requestID: requestID, into: &$0)
        }
    }

    private func echo(_ payload: Range<Int>, _ input: Span<UInt8>) -> HostResult {
        let bytes = input.bytes.extracting(payload)
        return send(.echo, Span(), WireLimits.headerBytes + payload.count) {
            FrameEncoder.echoAnswer(bytes, requestID: requestID, into: &$0)
        }
    }

    /// Sends an answer of exactly `byteCount` bytes, and counts the request.
    @inline(__always)
    func send(
        _ opcode: Opcode, _ target: Span<UInt8>, _ byteCount: Int, _ encode: (inout MutableRawSpan) -> Encoded
    ) -> HostResult {
        let result = connection.send(byteCount, encode)
        count(opcode, target, byteCount)
        return result
    }

    @inline(__always)
    func count(_ opcode: Opcode, _ target: Span<UInt8>, _ byteCount: Int) {
        connection.requestDone(
            method: opcode.name, target: target, status: 0, bytes: UInt64(byteCount), failed: false)
    }

    /// Answers that the operation failed; the connection stays open. Only an internal error counts as a failure of the
    /// plugin: all others depend on the client's request.
    func fail(_ code: ErrorCode, _ opcode: Opcode, _ target: Span<UInt8>) -> HostResult {
        let text = code.text
        let byteCount = WireLimits.headerBytes + 4 + text.utf8CodeUnitCount
        let result = connection.send(byteCount) {
            FrameEncoder.failure(code, of: opcode, requestID: requestID, text: text.rawBuffer.bytes, into: &$0)
        }
        connection.requestDone(
            method: opcode.name, target: target, status: UInt32(code.rawValue), bytes: UInt64(byteCount),
            failed: code == .internalError)
        return result
    }
}
