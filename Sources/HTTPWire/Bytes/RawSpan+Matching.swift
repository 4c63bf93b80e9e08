// Comparisons with names known at compile time. They are always inlined, so that the compiler turns the expected text
// into constants and a comparison into one or two words.

extension RawSpan {
    /// Compares without regard to case. `expected` must be in lower case and consist of letters, digits and hyphens, and the
    /// compared bytes must contain no controls. Under these conditions folding by one bit is exact.
    @inline(__always)
    func matches(_ expected: StaticString, ignoringCaseIn range: BufferRange) -> Bool {
        guard range.count == expected.utf8CodeUnitCount else { return false }
        return matches(expected, ignoringCaseAt: range.lower)
    }

    /// The same when there are at least as many bytes from `offset` as expected.
    @inline(__always)
    func matches(_ expected: StaticString, ignoringCaseAt offset: Int) -> Bool {
        let count = expected.utf8CodeUnitCount
        if count < ByteWord.width {
            var index = 0
            while index < count {
                if byte(at: offset &+ index) | 0x20 != expected.byte(at: index) | 0x20 { return false }
                index &+= 1
            }
            return true
        }
        var index = 0
        while index &+ ByteWord.width <= count {
            if word(at: offset &+ index).folded != expected.word(at: index).folded { return false }
            index &+= ByteWord.width
        }
        // The last word overlaps the one before, to avoid comparing byte by byte.
        let last = count &- ByteWord.width
        return word(at: offset &+ last).folded == expected.word(at: last).folded
    }

    /// Compares byte for byte.
    @inline(__always)
    func equals(_ expected: StaticString, in range: BufferRange) -> Bool {
        let count = expected.utf8CodeUnitCount
        guard range.count == count else { return false }
        var index = 0
        while index < count {
            if byte(at: range.lower &+ index) != expected.byte(at: index) { return false }
            index &+= 1
        }
        return true
    }

    /// Compares byte for byte with other bytes.
    func equals(_ other: RawSpan, in range: BufferRange) -> Bool {
        guard range.count == other.byteCount else { return false }
        var index = 0
        while index < other.byteCount {
            if byte(at: range.lower &+ index) != other.byte(at: index) { return false }
            index &+= 1
        }
        return true
    }
}

extension StaticString {
    // The text of a literal lives as long as the image, and callers stay below its count.

    @inline(__always)
    func byte(at index: Int) -> UInt8 { unsafe utf8Start[index] }

    @inline(__always)
    func word(at index: Int) -> ByteWord {
        ByteWord(
            bits: UInt64(littleEndian: unsafe UnsafeRawPointer(utf8Start + index).loadUnaligned(as: UInt64.self)))
    }
}
