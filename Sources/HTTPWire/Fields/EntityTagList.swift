/// The value of If-Match and If-None-Match: `*` or a list of entity tags (RFC 9110 13.1.1 and 13.1.2).
enum EntityTagList {
    /// Whether one of the tags is `current`, or the value is `*` and there is a representation.
    ///
    /// A malformed list is compared only up to the error: tags may contain commas, so the rest cannot be split into tags.
    static func matches(
        _ value: BufferRange, in input: RawSpan, _ current: RawSpan, exists: Bool, _ comparison: EntityTag.Comparison
    ) -> Bool {
        if input.equals("*", in: value) { return exists }
        guard exists else { return false }
        var offset = value.lower
        while offset < value.upper {
            let byte = input.byte(at: offset)
            if byte.isBlank || byte == ASCII.comma {
                offset += 1
                continue
            }
            guard let tag = EntityTag(from: offset, to: value.upper, in: input) else { return false }
            offset = input.trimmed(tag.opaque.upper, value.upper).lower
            guard offset == value.upper || input.byte(at: offset) == ASCII.comma else { return false }
            if tag.matches(current, in: input, comparison) { return true }
        }
        return false
    }
}
