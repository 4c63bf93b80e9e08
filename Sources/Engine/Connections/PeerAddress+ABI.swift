import CMartlet

extension martlet_address {
    /// `martlet_address` of a peer or of our end.
    package init(_ address: PeerAddress) {
        self.init()
        size = UInt32(MemoryLayout<martlet_address>.size)
        family = martlet_family(address.family.rawValue)
        port = address.port
        withUnsafeMutableBytes(of: &self.address) {
            $0.storeBytes(of: address.high, as: UInt64.self)
            $0.storeBytes(of: address.low, toByteOffset: 8, as: UInt64.self)
        }
    }
}

extension PeerAddress {
    /// nil: the family is unknown.
    package init?(_ address: martlet_address) {
        guard let family = [Family.unix, .ipv4, .ipv6].first(where: { UInt32($0.rawValue) == address.family }) else {
            return nil
        }
        self.init()
        self.family = family
        port = address.port
        withUnsafeBytes(of: address.address) {
            high = family == .ipv4 ? UInt64($0.load(as: UInt32.self)) : $0.load(as: UInt64.self)
            low = family == .ipv4 ? 0 : $0.load(fromByteOffset: 8, as: UInt64.self)
        }
    }
}
