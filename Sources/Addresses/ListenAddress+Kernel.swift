import Glibc

extension ListenAddress {
    package var family: Int32 {
        switch self {
        case .ipv4: AF_INET
        case .ipv6, .dualStack: AF_INET6
        case .unix, .abstract: AF_UNIX
        }
    }

    package var isUnix: Bool { family == AF_UNIX }

    /// Calls `body` with the address in the form of the socket calls. nil: the path or name is empty or too long, or there is no
    /// such interface. C: `if_nametoindex`
    package func withSocketAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result? {
        switch self {
        case .ipv4(let host, let port):
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            unsafe withUnsafeMutableBytes(of: &address.sin_addr) { unsafe $0.copyBytes(from: host.bytes) }
            return unsafe Self.reinterpret(&address, MemoryLayout<sockaddr_in>.size, body)
        case .ipv6(let host, let scope, let port): return unsafe Self.withIPv6(host, scope, port, body)
        case .dualStack(let port): return unsafe Self.withIPv6(.any, nil, port, body)
        case .unix(let path): return unsafe Self.withUnix(path, path.utf8 + [0], body)
        case .abstract(let name): return unsafe Self.withUnix(name, [0] + name.utf8, body)
        }
    }

    private static func withIPv6<Result>(
        _ host: IPv6Address, _ scope: String?, _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result? {
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = port.bigEndian
        unsafe withUnsafeMutableBytes(of: &address.sin6_addr) { unsafe $0.copyBytes(from: host.bytes) }
        if let scope {
            address.sin6_scope_id = unsafe UInt32(scope) ?? if_nametoindex(scope)
            guard address.sin6_scope_id != 0 else { return nil }
        }
        return unsafe reinterpret(&address, MemoryLayout<sockaddr_in6>.size, body)
    }

    /// - Parameter bytes: the name as it stands in `sun_path`: unix(7).
    private static func withUnix<Result>(
        _ name: String, _ bytes: [UInt8], _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result? {
        guard !name.isEmpty, name.utf8.count <= unixNameLimit else { return nil }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        return unsafe reinterpret(&address, MemoryLayout<sa_family_t>.size + bytes.count, body)
    }

    private static func reinterpret<Address, Result>(
        _ address: inout Address, _ count: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        unsafe withUnsafePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe body($0, socklen_t(count)) }
        }
    }
}
