import CMartlet

/// One end of a connection: the address of the peer, or the address that the peer connected to.
public struct Peer: Equatable, Sendable {
    /// The address family of a socket.
    public enum Family: Sendable {
        /// A Unix socket: no address, no port.
        case unix
        /// IPv4, also on a dual-stack listener.
        case ipv4
        /// IPv6.
        case ipv6
    }

    /// The address family.
    public let family: Family
    /// In network byte order: 4 bytes for IPv4, 16 for IPv6, none for a Unix socket.
    public let address: [UInt8]
    /// 0 for a Unix socket.
    public let port: UInt16

    /// Reads the members in place, because the host's struct may be smaller than the one that the SDK knows.
    init(_ peer: UnsafePointer<martlet_address>) {
        let bytes = withUnsafeBytes(of: peer.pointee.address) { Array($0) }
        switch peer.pointee.family {
        case MARTLET_FAMILY_IPV4: (family, address, port) = (.ipv4, Array(bytes[..<4]), peer.pointee.port)
        case MARTLET_FAMILY_IPV6: (family, address, port) = (.ipv6, bytes, peer.pointee.port)
        default: (family, address, port) = (.unix, [], 0)
        }
    }
}

extension Peer: CustomStringConvertible {
    /// `192.0.2.1:4711`, `[2001:db8::1]:4711` (RFC 5952), `unix`.
    public var description: String {
        switch family {
        case .unix: "unix"
        case .ipv4: "\(address[0]).\(address[1]).\(address[2]).\(address[3]):\(port)"
        case .ipv6: "[\(compressed)]:\(port)"
        }
    }

    /// RFC 5952, section 4: no leading zeros, lower case, the longest run of two or more zero groups as `::`.
    private var compressed: String {
        let zeros = longestZeros
        var text = ""
        var index = 0
        while index < 8 {
            if index == zeros.lowerBound, !zeros.isEmpty {
                text += "::"
                index = zeros.upperBound
            } else {
                if index > 0, index != zeros.upperBound || zeros.isEmpty { text += ":" }
                text += String(group(index), radix: 16)
                index += 1
            }
        }
        return text
    }

    private func group(_ index: Int) -> Int { Int(address[2 * index]) << 8 | Int(address[2 * index + 1]) }

    /// The first of the longest runs of two or more groups that are 0.
    private var longestZeros: Range<Int> {
        var longest = 0..<0
        var start = 0
        for index in 0...8 where index == 8 || group(index) != 0 {
            if index - start > max(longest.count, 1) { longest = start..<index }
            start = index + 1
        }
        return longest
    }
}
