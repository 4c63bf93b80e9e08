package struct AddressKey: Hashable {
    private let high: UInt64
    private let low: UInt64
    private let family: UInt8

    init(address: PeerAddress) {
        (high, low, family) = (address.high, address.low, address.family.rawValue)
    }

    /// The first 64 bits.
    init(networkOf address: PeerAddress) {
        (high, low, family) = (address.high, 0, 64)
    }
}
