import HTTPWire

private let limits = RequestLimits(requestLineBytes: 200, fieldSectionBytes: 2_000, fieldCount: 20)

/// Parsing the whole head at once and parsing growing prefixes of it give the same verdict.
func checkHead(_ bytes: UnsafeRawBufferPointer) {
    var parser = RequestParser()
    var whole = RequestHead()
    let verdict = parser.parse(RawSpan(_unsafeBytes: bytes), limits: limits, into: &whole)
    if case .head = verdict {
        precondition(whole.length > 0 && Int(whole.length) <= bytes.count, "a head longer than the input")
        for range in [whole.methodName, whole.target, whole.path, whole.query, whole.host, whole.fields] {
            precondition(range.start <= range.end && Int(range.end) <= Int(whole.length), "a part outside the head")
        }
    }
    var pieces = RequestParser()
    var (end, step) = (0, pieceSize(bytes))
    while true {
        var head = RequestHead()
        let part = UnsafeRawBufferPointer(rebasing: bytes[..<min(end, bytes.count)])
        switch (pieces.parse(RawSpan(_unsafeBytes: part), limits: limits, into: &head), verdict) {
        case (.needMore, _) where end < bytes.count: break
        case (.needMore, .needMore): return
        case (.head, .head): return precondition(head.length == whole.length, "other head in pieces")
        case (.refused(let one), .refused(let other)): return precondition(one == other, "other refusal in pieces")
        default: preconditionFailure("other verdict in pieces of \(pieceSize(bytes)) bytes")
        }
        end += step
        step = step % 7 + 1
    }
}

func checkChunks(_ bytes: UnsafeRawBufferPointer) {
    let (whole, wholeEnd) = decode(bytes, pieces: max(bytes.count, 1))
    let (parts, partsEnd) = decode(bytes, pieces: pieceSize(bytes))
    precondition(whole == parts && wholeEnd == partsEnd, "other body in pieces")
    precondition(whole.count <= bytes.count, "more content than was sent")
}

/// The content, and how it ended.
private func decode(_ bytes: UnsafeRawBufferPointer, pieces size: Int) -> ([UInt8], String) {
    var (decoder, content, start, end) = (ChunkedDecoder(), [UInt8](), 0, min(size, bytes.count))
    while true {
        let input = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
        switch decoder.decode(RawSpan(_unsafeBytes: input), limits: limits) {
        case .needMore(let consumed):
            precondition(consumed <= input.count, "consumed more than was given")
            start += consumed
            guard end < bytes.count else { return (content, "unfinished") }
            end = min(end + size, bytes.count)
        case .data(let range):
            precondition(!range.isEmpty && range.upperBound <= input.count, "content outside the input")
            content += input[range]
            start += range.upperBound
        case .end(let consumed):
            precondition(consumed <= input.count, "consumed more than was given")
            return (content, "ended at \(start + consumed)")
        case .refused(let refusal): return (content, "\(refusal)")
        }
    }
}

/// Evaluates the fields of a head. Ranges and paths must be within the resource or the input.
func checkFields(_ bytes: UnsafeRawBufferPointer) {
    let text = Array("GET ".utf8) + bytes
    text.withUnsafeBytes { text in
        var (parser, head) = (RequestParser(), RequestHead())
        guard case .head = parser.parse(RawSpan(_unsafeBytes: text), limits: limits, into: &head) else { return }
        let state = RepresentationState(lastModified: HTTPDate(secondsSinceEpoch: 784_111_777))
        Array(#""tag""#.utf8).withUnsafeBytes { tag in
            _ = head.evaluatePreconditions(
                in: RawSpan(_unsafeBytes: text), state, entityTag: RawSpan(_unsafeBytes: tag),
                now: HTTPDate(secondsSinceEpoch: 1_800_000_000))
        }
        if case .partial(let range) = head.selectRange(in: RawSpan(_unsafeBytes: text), length: 1_000) {
            precondition(range.first <= range.last && range.last < 1_000, "a range outside the resource")
        }
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 4_096) { memory in
            memory.initialize(repeating: 0)
            var room = MutableSpan(_unsafeElements: memory)
            guard let path = try? RequestPath(head.path, in: RawSpan(_unsafeBytes: text), into: &room) else { return }
            precondition(path.count <= head.path.count + 1, "a path longer than the input")
        }
    }
}
