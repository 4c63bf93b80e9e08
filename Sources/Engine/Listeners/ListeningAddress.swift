import CLinux
import Glibc

/// Where to listen.
package enum ListeningAddress: Hashable, Sendable {
    case ipv4(String, port: UInt16)
    /// `only`: no IPv4 peers; otherwise `::` is dual-stack (ipv6(7), IPV6_V6ONLY).
    case ipv6(String, scope: String?, port: UInt16, only: Bool)
    case unix(path: String)
    /// A name in the abstract namespace (unix(7)).
    case unixAbstract(name: String)

    /// Calls `body` with the address in the form of the socket calls. nil: it does not parse, or is too long.
    func withSocketAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result? {
        switch self {
        case .ipv4(let host, let port):
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            guard inet_pton(AF_INET, host, &address.sin_addr) == 1 else { return nil }
            return withPointer(to: &address, body)
        case .ipv6(let host, let scope, let port, _):
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            guard inet_pton(AF_INET6, host, &address.sin6_addr) == 1 else { return nil }
            if let scope {
                address.sin6_scope_id = UInt32(scope) ?? if_nametoindex(scope)
                guard address.sin6_scope_id != 0 else { return nil }
            }
            return withPointer(to: &address, body)
        case .unix(let path): return withUnixAddress(Array(path.utf8), body)
        case .unixAbstract(let name): return withUnixAddress([0] + Array(name.utf8), body)
        }
    }

    private func withPointer<Address, Result>(
        to address: inout Address, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<Address>.size)) }
        }
    }

    private func withUnixAddress<Result>(
        _ name: [UInt8], _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result? {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let capacity = MemoryLayout.size(ofValue: address.sun_path)
        // One byte is reserved for the NUL after a path; sun_path has 108 bytes (unix(7)).
        guard !name.isEmpty, name.count < capacity else { return nil }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let length = MemoryLayout<sockaddr_un>.offset(of: \.sun_path)! + name.count + (name[0] == 0 ? 0 : 1)
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(length)) }
        }
    }

    var isUnix: Bool {
        switch self {
        case .unix, .unixAbstract: true
        case .ipv4, .ipv6: false
        }
    }

    var port: UInt16? {
        switch self {
        case .ipv4(_, let port), .ipv6(_, _, let port, _): port
        case .unix, .unixAbstract: nil
        }
    }

    func with(port: UInt16) -> ListeningAddress {
        switch self {
        case .ipv4(let host, _): .ipv4(host, port: port)
        case .ipv6(let host, let scope, _, let only): .ipv6(host, scope: scope, port: port, only: only)
        case .unix, .unixAbstract: self
        }
    }
}

extension ListeningAddress: CustomStringConvertible {
    package var description: String {
        switch self {
        case .ipv4(let host, let port): "\(host):\(port)"
        case .ipv6(let host, nil, let port, _): "[\(host)]:\(port)"
        case .ipv6(let host, let scope?, let port, _): "[\(host)%\(scope)]:\(port)"
        case .unix(let path): "unix:\(path)"
        case .unixAbstract(let name): "unix:@\(name)"
        }
    }
}
