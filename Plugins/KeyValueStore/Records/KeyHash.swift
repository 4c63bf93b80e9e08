extension UnsafeRawBufferPointer {
    /// A hash of 63 bits, so that it is also a positive signed number: multiply and fold, as in wyhash (Wang Yi, 2019).
    ///
    /// Part of the format of a saved store, and of the cursors that clients have: it must not change. It has no secret seed: a
    /// peer that finds keys with equal hashes gains nothing, because such keys are ordered by their bytes, and a search for
    /// one of them stays logarithmic.
    @inline(__always)
    var hash: UInt64 {
        var state: UInt64 = 0xA076_1D64_78BD_642F
        var start = 0
        while count - start > 16 {
            state = fold(word(start) ^ 0xE703_7ED1_A0B4_28DB, word(start + 8) ^ state)
            start += 16
        }
        let (low, high) = lastWords(count - start)
        let mixed = fold(low ^ 0xE703_7ED1_A0B4_28DB, high ^ state)
        return fold(mixed ^ 0x8EBC_6AF0_9C88_C6E3, UInt64(count) ^ 0x5899_65CC_7537_4CC3) >> 1
    }

    /// The last `left` bytes, 0 to 16, as two words that may overlap.
    @inline(__always)
    private func lastWords(_ left: Int) -> (UInt64, UInt64) {
        if left >= 8 { return (word(count - left), word(count - 8)) }
        if left >= 4 { return (half(count - left), half(count - 4)) }
        if left == 0 { return (0, 0) }
        let start = count - left
        return (UInt64(self[start]) << 16 | UInt64(self[start + left / 2]) << 8 | UInt64(self[count - 1]), 0)
    }

    @inline(__always)
    private func word(_ offset: Int) -> UInt64 { loadUnaligned(fromByteOffset: offset, as: UInt64.self) }

    @inline(__always)
    private func half(_ offset: Int) -> UInt64 { UInt64(loadUnaligned(fromByteOffset: offset, as: UInt32.self)) }

    @inline(__always)
    private func fold(_ one: UInt64, _ other: UInt64) -> UInt64 {
        let product = one.multipliedFullWidth(by: other)
        return product.high ^ product.low
    }
}
