/// The path of a request as a relative path in a file system: percent-decoded once, dot segments resolved, empty
/// segments dropped (RFC 3986 2.1 and 5.2.4).
///
/// It never starts with `/`, has no `.`, `..` or empty segment and no NUL, so it cannot name anything outside the directory it is
/// opened under, except through symbolic links.
package struct RequestPath: Equatable, Sendable {
    /// Bytes written. 0 means the root itself.
    package let count: Int
    /// True when the request path ended in `/`, `/.` or `/..`, or was empty: it asks for a directory.
    package let namesDirectory: Bool

    /// Writes the path of `head.path` into `memory`, followed by a NUL for openat(2) that `count` does not include.
    ///
    /// Refused: an escape that is not two hexadecimal digits; NUL, raw or encoded; an encoded slash, which some programs take for
    /// a separator and others for a character; and a `..` above the root, where RFC 3986 would silently stay at the root. A
    /// backslash and bytes above 0x7F are ordinary bytes of a name. UTF-8 is not decoded, so an overlong `/` or `.` is only an
    /// odd name.
    package init(_ path: BufferRange, in input: RawSpan, into memory: inout MutableSpan<UInt8>) throws(Refusal) {
        guard path.isEmpty || input.byte(at: path.lower) == ASCII.slash else { throw .invalidTarget }
        var written = 0
        var endsInDirectory = true
        var offset = path.lower
        while offset < path.upper {
            // The offset is at a slash: one segment extends from here to the next slash.
            let segmentEnd = input.first(ASCII.slash, from: offset + 1, to: path.upper)
            let segment = BufferRange(offset + 1, segmentEnd)
            let start = written == 0 ? 0 : written + 1
            let end = try Self.decode(segment, input, into: &memory, from: start)
            endsInDirectory = true
            switch Self.kind(of: memory, start, end) {
            case .nothing:
                break
            case .parent:
                guard written > 0 else { throw .pathAboveRoot }
                written = Self.parent(of: memory, written)
            case .name:
                if start > 0 { memory[written] = ASCII.slash }
                written = end
                endsInDirectory = false
            }
            offset = segmentEnd
        }
        guard written < memory.count else { throw .pathTooLong }
        memory[written] = ASCII.nul
        count = written
        namesDirectory = endsInDirectory
    }

    private enum Segment { case nothing, parent, name }

    private static func kind(of memory: borrowing MutableSpan<UInt8>, _ start: Int, _ end: Int) -> Segment {
        switch end - start {
        case 0: .nothing
        case 1 where memory[start] == ASCII.dot: .nothing
        case 2 where memory[start] == ASCII.dot && memory[start + 1] == ASCII.dot: .parent
        default: .name
        }
    }

    /// Where the directory part of the first `count` bytes ends.
    private static func parent(of memory: borrowing MutableSpan<UInt8>, _ count: Int) -> Int {
        var end = count
        while end > 0, memory[end - 1] != ASCII.slash { end -= 1 }
        return max(end - 1, 0)
    }

    /// Returns where the decoded segment ends in `memory`.
    private static func decode(
        _ segment: BufferRange, _ input: RawSpan, into memory: inout MutableSpan<UInt8>, from start: Int
    ) throws(Refusal) -> Int {
        var written = start
        var offset = segment.lower
        while offset < segment.upper {
            var byte = input.byte(at: offset)
            offset += 1
            if byte == ASCII.percent {
                guard segment.upper - offset >= 2,
                    let high = input.byte(at: offset).hexadecimalValue,
                    let low = input.byte(at: offset + 1).hexadecimalValue
                else { throw .invalidPercentEscape }
                byte = high << 4 | low
                offset += 2
                if byte == ASCII.slash { throw .encodedSlash }
            }
            if byte == ASCII.nul { throw .nulInPath }
            guard written < memory.count else { throw .pathTooLong }
            memory[written] = byte
            written += 1
        }
        return written
    }
}
