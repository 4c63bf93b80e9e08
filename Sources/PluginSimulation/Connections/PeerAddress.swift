import CMartlet

/// Where a simulated peer comes from.
public enum PeerAddress: Hashable, Sendable {
    /// A Unix socket.
    case unix
    /// Four bytes.
    case ipv4([UInt8], port: UInt16)
    /// Sixteen bytes, in network byte order.
    case ipv6([UInt8], port: UInt16)

    /// As the plugin gets it.
    var asStruct: martlet_address {
        var filled = martlet_address()
        filled.size = UInt32(MemoryLayout<martlet_address>.size)
        let (family, address, port): (martlet_family, [UInt8], UInt16) =
            switch self {
            case .unix: (MARTLET_FAMILY_UNIX, [], 0)
            case .ipv4(let address, let port): (MARTLET_FAMILY_IPV4, Array(address.prefix(4)), port)
            case .ipv6(let address, let port): (MARTLET_FAMILY_IPV6, Array(address.prefix(16)), port)
            }
        filled.family = family
        filled.port = port
        withUnsafeMutableBytes(of: &filled.address) { $0.copyBytes(from: address) }
        return filled
    }
}
