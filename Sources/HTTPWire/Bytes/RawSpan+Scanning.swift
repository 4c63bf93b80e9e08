// The loads below are "unsafe" to the compiler because raw bytes can be read as any type. Their offsets are checked by
// the standard library, and the types read are integers, for which every bit pattern is a value.

extension RawSpan {
    @inline(__always)
    func byte(at offset: Int) -> UInt8 { unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self) }

    @inline(__always)
    func word(at offset: Int) -> ByteWord {
        ByteWord(bits: UInt64(littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)))
    }

    /// The first byte from `start` that is a control, HTAB included, or `end`.
    @inline(__always)
    func firstControl(from start: Int, to end: Int) -> Int {
        var offset = start
        while offset &+ ByteWord.width <= end {
            let found = word(at: offset).controls
            if found != 0 { return offset &+ ByteWord.index(ofFirstIn: found) }
            offset &+= ByteWord.width
        }
        while offset < end {
            let candidate = byte(at: offset)
            if candidate < 0x20 || candidate == ASCII.delete { return offset }
            offset &+= 1
        }
        return end
    }

    /// The first byte from `start` that is not VCHAR (RFC 5234), or `end`.
    @inline(__always)
    func firstInvisible(from start: Int, to end: Int) -> Int {
        var offset = start
        while offset &+ ByteWord.width <= end {
            let found = word(at: offset).invisible
            if found != 0 { return offset &+ ByteWord.index(ofFirstIn: found) }
            offset &+= ByteWord.width
        }
        while offset < end {
            if byte(at: offset) &- 0x21 > 0x7E - 0x21 { return offset }
            offset &+= 1
        }
        return end
    }

    @inline(__always)
    func first(_ sought: UInt8, from start: Int, to end: Int) -> Int {
        var offset = start
        while offset &+ ByteWord.width <= end {
            let found = word(at: offset).equal(to: sought)
            if found != 0 { return offset &+ ByteWord.index(ofFirstIn: found) }
            offset &+= ByteWord.width
        }
        while offset < end {
            if byte(at: offset) == sought { return offset }
            offset &+= 1
        }
        return end
    }

    /// The range from `start` to `end` without the OWS around it (RFC 9110 5.5: OWS is not part of a field value).
    @inline(__always)
    func trimmed(_ start: Int, _ end: Int) -> BufferRange {
        var start = start
        var end = end
        while start < end, byte(at: start).isBlank { start &+= 1 }
        while start < end, byte(at: end &- 1).isBlank { end &-= 1 }
        return BufferRange(start, end)
    }
}

extension RawSpan {
    /// The first byte from `start` that is not a tchar (RFC 9110 5.6.2), or `end`.
    func firstOutsideToken(from start: Int, to end: Int) -> Int {
        var offset = start
        while offset < end, ByteSet.token.contains(byte(at: offset)) { offset &+= 1 }
        return offset
    }
}
