/// A set of ASCII bytes as two words: membership is a shift in registers, with no table to load.
struct ByteSet {
    /// Bytes 0x00 to 0x3F, the lowest bit first.
    let low: UInt64
    /// Bytes 0x40 to 0x7F.
    let high: UInt64

    @inline(__always)
    func contains(_ byte: UInt8) -> Bool {
        let half = byte < 64 ? low : high
        return byte < 128 && (half &>> UInt64(byte & 63)) & 1 != 0
    }

    // Computed rather than stored: a stored global may cost a lazy initialisation check at each use. `ByteSetTests` spells out
    // what the bits mean.

    /// tchar (RFC 9110 5.6.2).
    @inline(__always)
    static var token: ByteSet { ByteSet(low: 0x03ff_6cfa_0000_0000, high: 0x57ff_ffff_c7ff_fffe) }

    /// reg-name (RFC 3986 3.2.2) without percent escapes and without the comma.
    ///
    /// A comma would mean two `Host` values that a proxy has joined, and an escape would give another name after decoding. No DNS
    /// name needs either.
    @inline(__always)
    static var registeredName: ByteSet { ByteSet(low: 0x2bff_6fd2_0000_0000, high: 0x47ff_fffe_87ff_fffe) }

    /// The inside of an IPv6 literal (RFC 3986 3.2.2); the grouping is not checked, nothing is resolved from it.
    @inline(__always)
    static var addressLiteral: ByteSet { ByteSet(low: 0x07ff_4000_0000_0000, high: 0x0000_007e_0000_007e) }
}
