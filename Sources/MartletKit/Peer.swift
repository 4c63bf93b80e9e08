import CMartlet

/// The other end of a connection.
public struct Peer: Hashable, Sendable {
    /// What kind of socket the peer came in by.
    public enum Family: Hashable, Sendable {
        /// A Unix socket: no address, no port.
        case unix
        /// Also a peer with an IPv4 address on a listener for both.
        case ipv4
        /// IPv6.
        case ipv6
    }

    /// What kind of socket the peer came in by.
    public let family: Family
    /// In network byte order: 4 bytes of IPv4, 16 of IPv6, none of a Unix socket.
    public let address: [UInt8]
    /// 0 of a Unix socket.
    public let port: UInt16

    init(_ peer: martlet_peer) {
        let bytes = withUnsafeBytes(of: peer.address) { Array($0) }
        switch peer.family {
        case MARTLET_FAMILY_IPV4: (family, address, port) = (.ipv4, Array(bytes[..<4]), peer.port)
        case MARTLET_FAMILY_IPV6: (family, address, port) = (.ipv6, bytes, peer.port)
        default: (family, address, port) = (.unix, [], 0)
        }
    }
}

extension Peer: CustomStringConvertible {
    /// `192.0.2.1:4711`, `[2001:db8::1]:4711` (RFC 5952), `unix`.
    public var description: String {
        switch family {
        case .unix: "unix"
        case .ipv4: "\(address.map { "\($0)" }.joined(separator: ".")):\(port)"
        case .ipv6: "[\(compressed)]:\(port)"
        }
    }

    /// RFC 5952, section 4: no leading zeros, small letters, the longest run of two or more zeros as `::`.
    private var compressed: String {
        let groups = (0..<8).map { Int(address[2 * $0]) << 8 | Int(address[2 * $0 + 1]) }
        var longest = 0..<0
        var start = 0
        for index in 0...8 where index == 8 || groups[index] != 0 {
            if index - start > max(longest.count, 1) { longest = start..<index }
            start = index + 1
        }
        func text(_ part: ArraySlice<Int>) -> String { part.map { String($0, radix: 16) }.joined(separator: ":") }
        if longest.isEmpty { return text(groups[...]) }
        return "\(text(groups[..<longest.lowerBound]))::\(text(groups[longest.upperBound...]))"
    }
}
