/// Ranges of addresses, each with a value. The longest matching prefix decides.
package struct AddressRanges<Value: Codable & Sendable & Equatable>: Codable, Sendable, Equatable {
    private struct Range: Codable, Sendable, Equatable {
        /// The first bit of the prefix is the highest of `high`.
        private var high: UInt64
        private var low: UInt64
        var length: Int
        var family: PeerAddress.Family
        var value: Value

        var bits: UInt128 { UInt128(high) << 64 | UInt128(low) }

        init(bits: UInt128, length: Int, family: PeerAddress.Family, value: Value) {
            (high, low) = (UInt64(truncatingIfNeeded: bits >> 64), UInt64(truncatingIfNeeded: bits))
            (self.length, self.family, self.value) = (length, family, value)
        }
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
        let bits = bytes.reduce(UInt128(0)) { $0 << 8 | UInt128($1) } << (128 - 8 * bytes.count)
        let range = Range(bits: bits, length: length, family: bytes.count == 4 ? .ipv4 : .ipv6, value: value)
        ranges.insert(range, at: ranges.firstIndex { $0.length < length } ?? ranges.endIndex)
    }

    package func value(of address: PeerAddress) -> Value? {
        guard !ranges.isEmpty, address.family != .unix else { return nil }
        let bits = UInt128(UInt64(bigEndian: address.high)) << 64 | UInt128(UInt64(bigEndian: address.low))
        return ranges.first { $0.family == address.family && (bits ^ $0.bits) >> (128 - $0.length) == 0 }?.value
    }
}
