/// request-line = method SP request-target SP HTTP-version CRLF (RFC 9112 section 3). Exactly one SP at each place, because the
/// leniency that the RFC allows here lets two parsers see two targets.
extension HeadScan {
    @inline(__always)
    mutating func scanRequestLine(
        _ input: RawSpan, _ limits: RequestLimits, _ draft: inout HeadDraft
    ) throws(Stop) {
        if phase == .emptyLines { try skipEmptyLines(input) }
        // The limit does not count the CRLF.
        let limitEnd = Int(sectionStart) &+ limits.requestLineBytes &+ 2
        if phase == .method { try scanMethod(input, limitEnd, &draft) }
        if phase == .targetStart || phase == .target { try scanTarget(input, limitEnd, &draft) }
        try scanVersion(input, limitEnd, &draft)
    }

    /// RFC 9112 2.2: at least one CRLF before the request line should be ignored.
    @inline(__always)
    private mutating func skipEmptyLines(_ input: RawSpan) throws(Stop) {
        var offset = Int(position)
        while offset < input.byteCount, input.byte(at: offset) == ASCII.carriageReturn {
            guard emptyLineCount < RequestLimits.leadingEmptyLines else { throw .refused(.tooManyEmptyLines) }
            guard offset &+ 1 < input.byteCount else { throw .needMore }
            guard input.byte(at: offset &+ 1) == ASCII.lineFeed else { throw .refused(.bareCarriageReturn) }
            offset &+= 2
            emptyLineCount &+= 1
            move(to: offset, .emptyLines)
        }
        guard offset < input.byteCount else { throw .needMore }
        sectionStart = UInt32(truncatingIfNeeded: offset)
        move(to: offset, .method)
    }

    @inline(__always)
    private mutating func scanMethod(
        _ input: RawSpan, _ limitEnd: Int, _ draft: inout HeadDraft
    ) throws(Stop) {
        let start = Int(sectionStart)
        let longest = start &+ RequestMethod.maximumLength &+ 1
        let end = min(input.byteCount, limitEnd, longest)
        var offset = Int(position)
        while offset < end {
            let byte = input.byte(at: offset)
            if byte == ASCII.space, offset > start {
                draft.head.methodName = BufferRange(start, offset)
                return move(to: offset &+ 1, .targetStart)
            }
            guard ByteSet.token.contains(byte) else { throw .refused(requestLineProblem(at: offset, input)) }
            offset &+= 1
        }
        move(to: offset, .method)
        if offset >= longest, offset < limitEnd { throw .refused(.methodNotImplemented) }
        throw shortage(input, limitEnd: limitEnd, .requestLineTooLong)
    }

    @inline(__always)
    private mutating func scanTarget(
        _ input: RawSpan, _ limitEnd: Int, _ draft: inout HeadDraft
    ) throws(Stop) {
        let end = min(input.byteCount, limitEnd)
        let start = Int(position)
        let offset = input.firstInvisible(from: start, to: end)
        guard offset < end else {
            // The phase records whether the target has a byte yet, because an empty target is refused.
            move(to: offset, offset > start ? .target : phase)
            throw shortage(input, limitEnd: limitEnd, .requestLineTooLong)
        }
        guard input.byte(at: offset) == ASCII.space, phase == .target || offset > start else {
            throw .refused(requestLineProblem(at: offset, input))
        }
        draft.head.target = BufferRange(start, offset)
        move(to: offset &+ 1, .version)
    }

    @inline(__always)
    private func requestLineProblem(at offset: Int, _ input: RawSpan) -> Refusal {
        let byte = input.byte(at: offset)
        if byte == Self.handshakeRecord, offset == Int(sectionStart) { return .tls }
        return byte == ASCII.lineFeed ? .bareLineFeed : .malformedRequestLine
    }

    /// What a client of TLS begins with. RFC 8446, 5.1
    private static var handshakeRecord: UInt8 { 22 }
}
