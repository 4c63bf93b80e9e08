import BinaryWire
import Engine

/// A server reads the stream whole and in pieces: it produces the same events, and consumes no more than it was given.
func checkBinary(_ bytes: UnsafeRawBufferPointer) {
    guard let settings = ServerSettings(maximumPayload: 4_096) else { return }
    let whole = events(bytes, settings, pieces: max(bytes.count, 1))
    let parts = events(bytes, settings, pieces: pieceSize(bytes))
    precondition(whole == parts, "other events in pieces")
    if let restored = ServerSession(restoring: RawSpan(_unsafeBytes: bytes)) {
        withUnsafeTemporaryAllocation(byteCount: 256, alignment: 8) { memory in
            memory.initializeMemory(as: UInt8.self, repeating: 0)
            var room = MutableRawSpan(_unsafeBytes: memory)
            _ = restored.save(into: &room)
        }
    }
}

private func events(_ bytes: UnsafeRawBufferPointer, _ settings: ServerSettings, pieces size: Int) -> [String] {
    var session = ServerSession(settings: settings, nowMilliseconds: 0)
    var (events, start, end) = ([String](), 0, 0)
    while true {
        end = min(end + size, bytes.count)
        while true {
            let input = RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: bytes[..<end]))
            let step = session.next(in: input, from: start, nowMilliseconds: 1)
            precondition(step.consumed >= 0, "consumed a negative number of bytes")
            switch step.event {
            case .needMore(let total):
                precondition(total > end - start, "asks for more input, but needs no more than it was given")
            case .discarded: break
            case .request(.batch(let batch), _): events.append("\(start): \(writes(of: batch, in: input, end))")
            // How much a refusal skips depends on how much input has arrived.
            case .refused(let refusal): events.append("\(start): refused \(refusal.code) \(refusal.closes)")
            default: events.append("\(start): \(step.event)")
            }
            if case .needMore = step.event { break }
            start += step.consumed
            if start >= end || step.consumed == 0 { break }
        }
        if end == bytes.count { return events }
    }
}

/// The writes of a batch, which are all there and lie in the input.
private func writes(of batch: BatchRequest, in input: RawSpan, _ end: Int) -> [String] {
    var (writes, found) = (batch.writes, [String]())
    while let write = writes.next(in: input) {
        precondition(write.key.lowerBound >= 0 && write.value.upperBound <= end, "a write outside the input")
        found.append("\(write)")
    }
    precondition(found.count == batch.count, "a batch with another number of writes")
    return found
}

/// Every prefix of a complete header is incomplete, and bytes after the header do not matter.
func checkProxy(_ bytes: UnsafeRawBufferPointer) {
    switch ProxyHeader(bytes) {
    case .complete(let length, _):
        precondition(length > 0 && length <= bytes.count, "a header longer than the input")
        for count in stride(from: 0, to: length, by: pieceSize(bytes)) {
            guard case .incomplete = ProxyHeader(UnsafeRawBufferPointer(rebasing: bytes[..<count])) else {
                preconditionFailure("the first \(count) of \(length) bytes: expected an incomplete header")
            }
        }
    case .incomplete: precondition(bytes.count < ProxyHeader.maximumLength, "waits for more than the longest header")
    case .invalid: break
    }
}
