/// entity-tag = [ "W/" ] opaque-tag (RFC 9110 8.8.3).
struct EntityTag {
    let isWeak: Bool
    /// Includes the quotes.
    let opaque: BufferRange

    /// RFC 9110 8.8.3.2: strong means that the representations are the same byte for byte.
    enum Comparison { case strong, weak }

    /// Reads the tag that starts at `start`. Returns nil when there is none or it does not end before `end`.
    init?(from start: Int, to end: Int, in input: RawSpan) {
        var offset = start
        isWeak =
            end - start >= 2 && input.byte(at: start) == ASCII.upperW && input.byte(at: start + 1) == ASCII.slash
        if isWeak { offset += 2 }
        guard offset < end, input.byte(at: offset) == ASCII.doubleQuote else { return nil }
        let opaqueStart = offset
        offset += 1
        while offset < end, Self.isTagCharacter(input.byte(at: offset)) { offset += 1 }
        guard offset < end, input.byte(at: offset) == ASCII.doubleQuote else { return nil }
        opaque = BufferRange(opaqueStart, offset + 1)
    }

    /// `current` is a whole entity tag as we would send it. A malformed or empty tag never matches.
    func matches(_ current: RawSpan, in input: RawSpan, _ comparison: Comparison) -> Bool {
        guard let other = EntityTag(from: 0, to: current.byteCount, in: current),
            other.opaque.upper == current.byteCount
        else { return false }
        if comparison == .strong, isWeak || other.isWeak { return false }
        return input.equals(current.extracting(other.opaque.offsets), in: opaque)
    }

    /// etagc = %x21 / %x23-7E / obs-text
    private static func isTagCharacter(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte != ASCII.doubleQuote && byte != ASCII.delete
    }
}
