import Addresses
import CMartlet
import Glibc

/// One end of a connection, in 20 bytes: every connection has two.
package struct PeerAddress: Sendable {
    /// `martlet_family`, in one byte.
    package struct Family: Codable, Hashable, Sendable {
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
    package init?(ipv4 text: String, port: UInt16) {
        guard let address = IPv4Address(text) else { return nil }
        self = (address.bytes + port.bytes).withUnsafeBytes { PeerAddress(ipv4: $0, at: 0, portAt: 4) }
    }

    /// inet_pton(3). An IPv4 address in IPv6 form (RFC 4291, 2.5.5.2) is IPv4.
    init?(ipv6 text: String, port: UInt16) {
        guard let address = IPv6Address(text) else { return nil }
        self = (address.bytes + port.bytes).withUnsafeBytes { PeerAddress(ipv6: $0, at: 0, portAt: 16) }
    }

    init(ipv4 bytes: UnsafeRawBufferPointer, at offset: Int, portAt portOffset: Int) {
        high = UInt64(bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
        port = UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: portOffset, as: UInt16.self))
        family = .ipv4
    }

    init(ipv6 bytes: UnsafeRawBufferPointer, at offset: Int, portAt portOffset: Int) {
        port = UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: portOffset, as: UInt16.self))
        high = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        low = bytes.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self)
        family = .ipv6
        if high == 0, UInt32(truncatingIfNeeded: low) == UInt32(0xFFFF).bigEndian {
            (high, low, family) = (low >> 32, 0, .ipv4)
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
        let bytes = UnsafeRawBufferPointer(start: storage, count: MemoryLayout<sockaddr_storage>.size)
        switch Int32(storage.pointee.ss_family) {
        case AF_INET:
            self.init(
                ipv4: bytes, at: MemoryLayout<sockaddr_in>.offset(of: \.sin_addr)!,
                portAt: MemoryLayout<sockaddr_in>.offset(of: \.sin_port)!)
        case AF_INET6:
            self.init(
                ipv6: bytes, at: MemoryLayout<sockaddr_in6>.offset(of: \.sin6_addr)!,
                portAt: MemoryLayout<sockaddr_in6>.offset(of: \.sin6_port)!)
        default: self.init()
        }
    }
}

extension UInt16 {
    /// In network order.
    fileprivate var bytes: [UInt8] { [UInt8(self >> 8), UInt8(truncatingIfNeeded: self)] }
}
