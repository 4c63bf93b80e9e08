import Glibc

/// The other end of a connection, in 20 bytes: every connection carries one.
package struct PeerAddress: Sendable {
    package enum Family: UInt8, Sendable {
        case unix = 1
        case ipv4 = 4
        case ipv6 = 6
    }

    /// Network byte order; IPv4 in the first four bytes.
    package var high: UInt64 = 0
    package var low: UInt64 = 0
    /// Host byte order.
    package var port: UInt16 = 0
    package var family: Family = .unix

    package init() {}

    /// From what accept(2) filled in. An IPv4 peer of a dual-stack socket (RFC 4291, 2.5.5.2) is IPv4.
    init(_ storage: UnsafePointer<sockaddr_storage>) {
        let raw = UnsafeRawPointer(storage)
        switch Int32(storage.pointee.ss_family) {
        case AF_INET:
            let address = raw.load(as: sockaddr_in.self)
            high = UInt64(address.sin_addr.s_addr)
            port = UInt16(bigEndian: address.sin_port)
            family = .ipv4
        case AF_INET6:
            let address = raw.load(as: sockaddr_in6.self)
            port = UInt16(bigEndian: address.sin6_port)
            let bytes = raw + MemoryLayout<sockaddr_in6>.offset(of: \.sin6_addr)!
            let first = bytes.loadUnaligned(as: UInt64.self)
            let second = bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
            if first == 0, UInt32(truncatingIfNeeded: second) == UInt32(0xFFFF).bigEndian {
                high = second >> 32
                family = .ipv4
            } else {
                high = first
                low = second
                family = .ipv6
            }
        default:
            family = .unix
        }
    }
}
