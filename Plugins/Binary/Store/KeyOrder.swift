import Glibc

// Keys are ordered as unsigned bytes, and a prefix comes before longer keys: docs/binary-protocol.md, section 8.7.

/// Below 0: `left` comes first; 0: equal.
func compareKeys(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Int {
    let shared = min(left.count, right.count)
    if shared > 0, let one = left.baseAddress, let other = right.baseAddress {
        let order = memcmp(one, other, shared)
        if order != 0 { return Int(order) }
    }
    return left.count - right.count
}

extension UnsafeRawBufferPointer {
    /// The first eight bytes as a number in the same order as the keys. It decides most comparisons, without reading the
    /// record.
    var leadingBytes: UInt64 {
        if count >= 8 { return UInt64(bigEndian: loadUnaligned(as: UInt64.self)) }
        var leading: UInt64 = 0
        for byte in self { leading = leading << 8 | UInt64(byte) }
        return count == 0 ? 0 : leading << UInt64(8 * (8 - count))
    }

    func begins(with prefix: UnsafeRawBufferPointer) -> Bool {
        guard count >= prefix.count else { return false }
        guard let start = baseAddress, let other = prefix.baseAddress else { return prefix.isEmpty }
        return memcmp(start, other, prefix.count) == 0
    }
}
