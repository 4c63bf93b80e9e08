import CMartlet
import Glibc

/// One end of a connection, in 20 bytes: every connection has two.
package struct PeerAddress: Sendable {
    /// `martlet_family`, in one byte.
    package struct Family: Hashable, Sendable {
        package let rawValue: UInt8

        private init(_ family: martlet_family) { rawValue = UInt8(family) }

        package static let unix = Family(MARTLET_FAMILY_UNIX)
        package static let ipv4 = Family(MARTLET_FAMILY_IPV4)
        package static let ipv6 = Family(MARTLET_FAMILY_IPV6)
    }

    /// Network byte order; IPv4 in the first four bytes.
    package var high: UInt64 = 0
    package var low: UInt64 = 0
    /// Host byte order.
    package var port: UInt16 = 0
    package var family: Family = .unix

    package init() {}

    /// Dotted decimal: inet_pton(3).
    init?(ipv4 text: String, port: UInt16) {
        var address = in_addr()
        guard inet_pton(AF_INET, text, &address) == 1 else { return nil }
        high = UInt64(address.s_addr)
        self.port = port
        family = .ipv4
    }

    /// inet_pton(3). An IPv4 address in IPv6 form (RFC 4291, 2.5.5.2) is IPv4.
    init?(ipv6 text: String, port: UInt16) {
        var address = in6_addr()
        guard inet_pton(AF_INET6, text, &address) == 1 else { return nil }
        self = withUnsafeBytes(of: &address) { PeerAddress(ipv6: $0, at: 0) }
        self.port = port
    }

    init(ipv4 bytes: UnsafeRawBufferPointer, at offset: Int, portAt portOffset: Int) {
        high = UInt64(bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
        port = UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: portOffset, as: UInt16.self))
        family = .ipv4
    }

    init(ipv6 bytes: UnsafeRawBufferPointer, at offset: Int, portAt portOffset: Int) {
        self.init(ipv6: bytes, at: offset)
        port = UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: portOffset, as: UInt16.self))
    }

    private init(ipv6 bytes: UnsafeRawBufferPointer, at offset: Int) {
        let first = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        let second = bytes.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self)
        if first == 0, UInt32(truncatingIfNeeded: second) == UInt32(0xFFFF).bigEndian {
            high = second >> 32
            family = .ipv4
        } else {
            high = first
            low = second
            family = .ipv6
        }
    }

    /// Our end of a connected socket: getsockname(2).
    init(localOf descriptor: Int32) {
        var storage = sockaddr_storage()
        let known = withUnsafeMutablePointer(to: &storage) { storage in
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            return storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        self = known == 0 ? withUnsafePointer(to: storage) { PeerAddress($0) } : PeerAddress()
    }

    /// From the address that accept(2) filled in. An IPv4 peer of a dual-stack socket (RFC 4291, 2.5.5.2) is IPv4.
    init(_ storage: UnsafePointer<sockaddr_storage>) {
        let raw = UnsafeRawPointer(storage)
        switch Int32(storage.pointee.ss_family) {
        case AF_INET:
            let size = MemoryLayout<sockaddr_in>.size
            self.init(
                ipv4: UnsafeRawBufferPointer(start: raw, count: size),
                at: MemoryLayout<sockaddr_in>.offset(of: \.sin_addr)!,
                portAt: MemoryLayout<sockaddr_in>.offset(of: \.sin_port)!)
        case AF_INET6:
            let size = MemoryLayout<sockaddr_in6>.size
            self.init(
                ipv6: UnsafeRawBufferPointer(start: raw, count: size),
                at: MemoryLayout<sockaddr_in6>.offset(of: \.sin6_addr)!,
                portAt: MemoryLayout<sockaddr_in6>.offset(of: \.sin6_port)!)
        default: self.init()
        }
    }
}
