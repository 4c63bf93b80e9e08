import HTTPWire

/// The normal form of a request path, in which routes and files are looked up: decoded once, dot segments resolved,
/// empty segments dropped (RFC 3986 6.2.2). Otherwise `/x/../private` or `/%70rivate` would bypass a route.
enum NormalPath {
    /// Whether the path is already in normal form as sent: nothing encoded, no empty segment, none that begins with a dot.
    @inline(__always)
    static func isNormal(_ path: Bytes) -> Bool {
        var previous: UInt8 = 0
        for byte in path {
            if byte == UInt8(ascii: "%") { return false }
            if previous == UInt8(ascii: "/"), byte == UInt8(ascii: "/") || byte == UInt8(ascii: ".") { return false }
            previous = byte
        }
        return path.first == UInt8(ascii: "/")
    }

    /// Writes the normal form of `path`, a range of `input`, into `memory`.
    static func write(
        _ path: BufferRange, in input: RawSpan, into memory: UnsafeMutableBufferPointer<UInt8>
    ) throws(Refusal) -> Bytes {
        guard memory.count >= path.count + 2 else { throw .pathTooLong }
        memory[0] = UInt8(ascii: "/")
        var rest = UnsafeMutableBufferPointer(rebasing: memory[1...]).mutableSpan
        let written = try RequestPath(path, in: input, into: &rest)
        guard written.namesDirectory, written.count > 0 else { return Bytes(rebasing: memory[..<(written.count + 1)]) }
        memory[written.count + 1] = UInt8(ascii: "/")
        return Bytes(rebasing: memory[..<(written.count + 2)])
    }
}
