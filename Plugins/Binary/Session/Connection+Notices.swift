import BinaryWire
import MartletKit

/// Frames that do not answer an operation of the store.
extension Connection<Binary> {
    /// Encodes one frame of at most `byteCount` bytes into the host's output. Without memory for it the connection is
    /// aborted: otherwise the client would mistake the next answer for the missing one.
    @inline(__always)
    @discardableResult
    func send(_ byteCount: Int, _ encode: (inout MutableRawSpan) -> Encoded) -> HostResult {
        guard let memory = reserve(byteCount) else { return giveUp() }
        var output = memory.mutableBytes
        guard case .written(let count) = encode(&output) else { return giveUp() }
        return commit(count)
    }

    func giveUp() -> HostResult {
        abort()
        return .memory
    }

    func greet(_ settings: ServerSettings, requestID: UInt32) -> HostResult {
        let name: StaticString = "martlet"
        let byteCount = WireLimits.headerBytes + 16 + name.utf8CodeUnitCount
        let result = send(byteCount) {
            FrameEncoder.helloAnswer(settings: settings, name: name.rawBuffer.bytes, requestID: requestID, into: &$0)
        }
        requestDone(method: "hello", target: Span(), status: 0, bytes: UInt64(byteCount), failed: false)
        return result
    }

    func sendHeartbeat(_ counter: UInt64) {
        send(WireLimits.headerBytes + 8) { FrameEncoder.heartbeat(counter: counter, into: &$0) }
    }

    /// The host drains because of a reload, a stop or the connection's age, and does not say which.
    func sayGoodbye(graceMilliseconds: UInt32) {
        let text: StaticString = "finish and come back"
        send(WireLimits.headerBytes + 8 + text.utf8CodeUnitCount) {
            FrameEncoder.goodbye(
                .draining, graceMilliseconds: graceMilliseconds, text: text.rawBuffer.bytes, into: &$0)
        }
    }

    /// Sends the error frame of a refusal. If it answers a request, the request counts as answered and not as failed,
    /// because the client broke the protocol.
    func send(_ refusal: Refusal) -> HostResult {
        let text = refusal.code.text
        let byteCount = WireLimits.headerBytes + 4 + text.utf8CodeUnitCount
        let result = send(byteCount) { FrameEncoder.error(refusal, text: text.rawBuffer.bytes, into: &$0) }
        if refusal.requestID != 0 {
            requestDone(
                method: Opcode(rawValue: refusal.opcode)?.name ?? "unknown", target: Span(),
                status: UInt32(refusal.code.rawValue), bytes: UInt64(byteCount), failed: false)
        }
        return result
    }
}

extension StaticString {
    var rawBuffer: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: utf8Start, count: utf8CodeUnitCount) }
}
