import Glibc

/// A listening socket on a port of the kernel's choice, or at a path.
struct ListeningSocket: Sendable {
    enum Family: Sendable {
        case ipv4, ipv6
        case unix(path: String)
    }

    struct Failure: Error {
        let function: StaticString
        let code = errno
    }

    let descriptor: Int32
    let address: String

    /// - Parameter port: 0: any.
    init(_ family: Family = .ipv4, port: UInt16 = 0) throws {
        switch family {
        case .ipv4:
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            descriptor = try Self.bound(AF_INET, &address)
            self.address = "127.0.0.1:\(UInt16(bigEndian: try Self.name(of: descriptor, sockaddr_in()).sin_port))"
        case .ipv6:
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_addr = in6addr_loopback
            descriptor = try Self.bound(AF_INET6, &address)
            self.address = "[::1]:\(UInt16(bigEndian: try Self.name(of: descriptor, sockaddr_in6()).sin6_port))"
        case .unix(let path):
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
            descriptor = try Self.bound(AF_UNIX, &address)
            self.address = "unix:\(path)"
        }
    }

    private static func bound<Address>(_ family: Int32, _ address: inout Address) throws -> Int32 {
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw Failure(function: "socket") }
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        let result = withUnsafeBytes(of: &address) {
            bind(descriptor, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
        }
        guard result == 0, listen(descriptor, 128) == 0 else { throw Failure(function: "bind") }
        return descriptor
    }

    private static func name<Address>(of descriptor: Int32, _ empty: Address) throws -> Address {
        var address = empty
        var size = socklen_t(MemoryLayout<Address>.size)
        let result = withUnsafeMutableBytes(of: &address) {
            getsockname(descriptor, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), &size)
        }
        guard result == 0 else { throw Failure(function: "getsockname") }
        return address
    }
}
