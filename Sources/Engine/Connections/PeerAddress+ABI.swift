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
