/// CRC-32C (Castagnoli): RFC 3720, appendix B.4. Eight bytes at a time ("slicing by 8").
///
/// A value type, so that a running sum can be read in the middle and then continued: the frame check continues the header check.
public struct CRC32C {
    private var remainder: UInt32 = ~0

    public init() {}

    /// The checksum of everything folded so far. Folding may continue afterwards.
    public var checksum: UInt32 { ~remainder }

    public mutating func fold(_ bytes: RawSpan) {
        let table = crc32cRemainders.span
        var remainder = remainder
        let wordBytes = bytes.byteCount & ~7
        var offset = 0
        while offset < wordBytes {
            remainder = Self.folding(bytes.uncheckedLittleEndian(at: offset, as: UInt64.self), into: remainder, table)
            offset += 8
        }
        while offset < bytes.byteCount {
            let byte = bytes.uncheckedLittleEndian(at: offset, as: UInt8.self)
            remainder = remainder >> 8 ^ table[Int(UInt8(truncatingIfNeeded: remainder) ^ byte)]
            offset += 1
        }
        self.remainder = remainder
    }

    /// Eight bytes that are in a register already; the lowest byte is the first.
    @inline(__always)
    mutating func fold(word: UInt64) { remainder = Self.folding(word, into: remainder, crc32cRemainders.span) }

    public static func checksum(of bytes: RawSpan) -> UInt32 {
        var sum = CRC32C()
        sum.fold(bytes)
        return sum.checksum
    }

    @inline(__always)
    private static func folding(_ word: UInt64, into remainder: UInt32, _ table: Span<UInt32>) -> UInt32 {
        // Indices come from a constant row and a byte, so the optimiser sees that they need no bounds check.
        func row(_ row: Int, _ bits: UInt32, _ shift: UInt32) -> UInt32 {
            table[row << 8 | Int(UInt8(truncatingIfNeeded: bits &>> shift))]
        }
        // The upper half does not depend on the word before. The processor looks it up early if it is not chained after the lower
        // half.
        let upper = UInt32(truncatingIfNeeded: word &>> 32)
        let early = (row(3, upper, 0) ^ row(2, upper, 8)) ^ (row(1, upper, 16) ^ row(0, upper, 24))
        let lower = UInt32(truncatingIfNeeded: word) ^ remainder
        return ((row(7, lower, 0) ^ row(6, lower, 8)) ^ (row(5, lower, 16) ^ row(4, lower, 24))) ^ early
    }
}
