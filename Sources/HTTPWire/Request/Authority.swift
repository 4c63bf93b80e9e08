/// uri-host [ ":" port ] (RFC 9110 7.2 and 4.2), the syntax of `Host` and of the authority in an absolute target.
enum Authority {
    /// Stricter than RFC 3986 in that the name must not be empty and has no comma and no percent escape; see
    /// `ByteSet.registeredName`.
    static func isValid(_ range: BufferRange, in input: RawSpan) -> Bool {
        guard !range.isEmpty else { return false }
        let start = range.lower
        var offset = start
        if input.byte(at: start) == ASCII.openBracket {
            offset &+= 1
            while offset < range.upper, ByteSet.addressLiteral.contains(input.byte(at: offset)) { offset &+= 1 }
            guard offset > start &+ 1, offset < range.upper, input.byte(at: offset) == ASCII.closeBracket else {
                return false
            }
            offset &+= 1
        } else {
            while offset < range.upper, ByteSet.registeredName.contains(input.byte(at: offset)) { offset &+= 1 }
            guard offset > start else { return false }
        }
        return offset == range.upper || isValidPort(from: offset, to: range.upper, input)
    }

    /// The port may have no digits (RFC 3986 3.2.3).
    private static func isValidPort(from colon: Int, to end: Int, _ input: RawSpan) -> Bool {
        guard input.byte(at: colon) == ASCII.colon else { return false }
        var port: UInt32 = 0
        var offset = colon &+ 1
        while offset < end {
            let byte = input.byte(at: offset)
            guard byte.isDigit else { return false }
            port = port &* 10 &+ UInt32(byte &- ASCII.zero)
            guard port <= 65_535 else { return false }
            offset &+= 1
        }
        return true
    }
}
