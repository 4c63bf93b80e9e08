import KeyValueStore
import RESPWire

/// The commands of a stream are the same, whole and in pieces, and their arguments lie in the input.
func checkRESP(_ bytes: UnsafeRawBufferPointer) {
    let whole = commands(bytes, pieces: max(bytes.count, 1))
    let parts = commands(bytes, pieces: pieceSize(bytes))
    precondition(whole == parts, "other commands in pieces")
    let text = bytes.bindMemory(to: UInt8.self)
    if let framed = try? InlineCommand.framed(text.span), !framed.isEmpty {
        let again = framed.withUnsafeBytes { commands($0, pieces: framed.count) }
        precondition(again.count == 1 && again[0].hasPrefix("["), "an inline command is not one command")
    }
    let half = bytes.count / 2
    _ = Glob.matches(text.span.extracting(first: half), text.span.extracting(droppingFirst: half))
    if let number = Number.real(text.span) { precondition(Double(Number.text(number)) == number, "another number") }
}

private let limits = RequestLimits(arguments: 64, bulkBytes: 1_024, inlineBytes: 512)

private func commands(_ bytes: UnsafeRawBufferPointer, pieces size: Int) -> [String] {
    var (found, start, end) = ([String](), 0, 0)
    while true {
        end = min(end + size, bytes.count)
        let input = UnsafeRawBufferPointer(rebasing: bytes[..<end]).bindMemory(to: UInt8.self)
        parsing: while start < end {
            var request = Request()
            switch RequestParser.parse(input.span, from: start, limits: limits, into: &request) {
            case .needMore(let total):
                precondition(total > end - start, "asks for more input, but needs no more than it was given")
                break parsing
            case .request(let consumed):
                precondition(request.count > 0 && request.count <= limits.arguments, "a wrong number of arguments")
                found.append(
                    "\((0..<request.count).map { Array(input[range(request.argument($0, in: input.span), end)]) })")
                start += consumed
            case .line(let line, let consumed):
                found.append("line \(Array(input[range(line, end)]))")
                start += consumed
            case .nothing(let consumed): start += consumed
            case .refused(let error): return found + ["\(error)"]
            }
            precondition(start <= end, "consumed more than was given")
        }
        if end == bytes.count { return found }
    }
}

private func range(_ range: ArgumentRange, _ end: Int) -> Range<Int> {
    precondition(range.start >= 0 && range.count >= 0 && range.end <= end, "an argument outside the input")
    return range.start..<range.end
}

/// A store takes any bytes as a piece of its state, or says what is wrong, and works afterwards.
func checkStorePiece(_ bytes: UnsafeRawBufferPointer) {
    for order in [KeyOrder.hash, .bytes] {
        let store = SharedStore(order: order, maximumBytes: 1 << 20)
        do {
            try store.restore(bytes)
            try store.finishRestoring()
            var keys = 0
            precondition(
                store.save {
                    keys += $0.count
                    return true
                }, "a store that was restored cannot be saved")
        } catch {}
        _ = store.access.update(bytes, now: 1) { _ in
            .replace(UnsafeRawBufferPointer(rebasing: bytes.prefix(9)), deadline: 0)
        }
        _ = store.access.remove(bytes, now: 2)
    }
}
