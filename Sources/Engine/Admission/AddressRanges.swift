/// Ranges of addresses, each with a value. The longest matching prefix decides.
package struct AddressRanges<Value: Sendable & Equatable>: Sendable, Equatable {
    private struct Range: Sendable, Equatable {
        var bits: UInt64
        var lowBits: UInt64
        var length: Int
        var family: PeerAddress.Family
        var value: Value
    }

    /// The longest prefix first.
    private var ranges: [Range] = []

    package init() {}

    package var isEmpty: Bool { ranges.isEmpty }

    /// Of two equal ranges, the one that was added first decides.
    ///
    /// - Parameters:
    ///   - bytes: four (IPv4) or sixteen (IPv6) in network order; the bits after the prefix are zero.
    ///   - length: bits of the prefix.
    package mutating func add(_ bytes: [UInt8], length: Int, _ value: Value) {
        let words = bytes.reduce(into: (high: UInt64(0), low: UInt64(0), count: 0)) { words, byte in
            if words.count < 8 {
                words.high = words.high << 8 | UInt64(byte)
            } else {
                words.low = words.low << 8 | UInt64(byte)
            }
            words.count += 1
        }
        // An IPv4 address is in the highest 32 bits.
        let isIPv4 = bytes.count == 4
        let range = Range(
            bits: isIPv4 ? words.high << 32 : words.high, lowBits: words.low, length: length,
            family: isIPv4 ? .ipv4 : .ipv6, value: value)
        ranges.insert(range, at: ranges.firstIndex { $0.length < length } ?? ranges.endIndex)
    }

    package func value(of address: PeerAddress) -> Value? {
        guard !ranges.isEmpty, address.family != .unix else { return nil }
        let isIPv4 = address.family == .ipv4
        let bits =
            isIPv4
            ? UInt64(UInt32(bigEndian: UInt32(truncatingIfNeeded: address.high))) << 32
            : UInt64(bigEndian: address.high)
        let low = UInt64(bigEndian: address.low)
        return ranges.first { range in
            range.family == address.family && (bits ^ range.bits) & mask(range.length) == 0
                && (low ^ range.lowBits) & mask(range.length - 64) == 0
        }?.value
    }

    /// A mask of the first `length` bits of 64.
    private func mask(_ length: Int) -> UInt64 {
        length <= 0 ? 0 : length >= 64 ? .max : ~(UInt64.max >> UInt64(length))
    }
}
