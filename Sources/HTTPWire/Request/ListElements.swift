/// The elements of a comma-separated list whose elements contain no quoted strings (RFC 9110 5.6.1). Empty elements are skipped,
/// as the RFC requires of a recipient.
struct ListElements {
    private var offset: Int
    private let end: Int

    @inline(__always)
    init(_ value: BufferRange) {
        offset = value.lower
        end = value.upper
    }

    @inline(__always)
    mutating func next(in input: RawSpan) -> BufferRange? {
        while offset < end {
            let comma = input.first(ASCII.comma, from: offset, to: end)
            let element = input.trimmed(offset, comma)
            offset = comma &+ 1
            if !element.isEmpty { return element }
        }
        return nil
    }
}
