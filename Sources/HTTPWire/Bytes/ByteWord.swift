/// Eight bytes that are examined together, the first in the lowest eight bits.
///
/// The tests below return a mask in which flagged bytes have their top bit set. They subtract across the word, so a borrow may
/// flag a byte *above* a flagged one by mistake. Only the first flagged byte is exact, which is all that a scan needs.
struct ByteWord {
    let bits: UInt64

    @inline(__always) static var width: Int { 8 }

    @inline(__always) private static var ones: UInt64 { 0x0101_0101_0101_0101 }
    @inline(__always) private static var tops: UInt64 { 0x8080_8080_8080_8080 }
    @inline(__always) private static var caseBits: UInt64 { 0x2020_2020_2020_2020 }

    /// How many bytes come before the first flagged one; 8 when none is.
    @inline(__always)
    static func index(ofFirstIn mask: UInt64) -> Int { mask.trailingZeroBitCount &>> 3 }

    @inline(__always)
    func equal(to byte: UInt8) -> UInt64 { Self.zeroes(bits ^ (Self.ones &* UInt64(byte))) }

    /// Below 0x20, HTAB included, or DEL.
    @inline(__always)
    var controls: UInt64 { below(0x20) | equal(to: ASCII.delete) }

    /// Not VCHAR (RFC 5234): controls, SP, DEL and everything above ASCII.
    @inline(__always)
    var invisible: UInt64 { below(0x21) | equal(to: ASCII.delete) | (bits & Self.tops) }

    /// Anything except letters and hyphens, of which nearly all field names consist. Exact for every byte: the additions cannot
    /// carry, because the top bits are cleared first.
    @inline(__always)
    var notLetterOrHyphen: UInt64 {
        let plain = bits & ~Self.tops
        let folded = plain | Self.caseBits
        let fromA = folded &+ Self.ones &* (0x80 - 0x61)
        let aboveZ = folded &+ Self.ones &* (0x80 - 0x7B)
        let notHyphen = (plain ^ (Self.ones &* UInt64(ASCII.hyphen))) &+ Self.ones &* 0x7F
        let known = (fromA & ~aboveZ) | ~notHyphen
        return (~known | bits) & Self.tops
    }

    /// ASCII letters in lower case. Other bytes change too, so use it only to compare with letters, digits and hyphens.
    @inline(__always)
    var folded: UInt64 { bits | Self.caseBits }

    @inline(__always)
    private func below(_ byte: UInt8) -> UInt64 { (bits &- Self.ones &* UInt64(byte)) & ~bits & Self.tops }

    @inline(__always)
    private static func zeroes(_ word: UInt64) -> UInt64 { (word &- ones) & ~word & tops }
}
