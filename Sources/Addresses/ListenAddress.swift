/// Where a listener accepts connections. Equal addresses have equal descriptions, so a reload can identify a listening socket by
/// either.
package enum ListenAddress: Sendable, Hashable {
    case ipv4(IPv4Address, port: UInt16)
    /// IPv6 only (IPV6_V6ONLY = 1), also for `::`. The scope is the interface of a link-local address.
    case ipv6(IPv6Address, scope: String?, port: UInt16)
    /// Every IPv4 and IPv6 address on one socket: `::` with IPV6_V6ONLY = 0.
    case dualStack(port: UInt16)
    /// A socket in the file system, at most 107 bytes.
    case unix(path: String)
    /// A socket in Linux's abstract namespace; the name is without the `@`, at most 107 bytes.
    case abstract(name: String)

    /// sun_path has 108 bytes; one is the NUL at the end of a path or at the start of an abstract name.
    package static let unixNameLimit = 107

    /// Nil for Unix sockets.
    package var port: UInt16? {
        switch self {
        case .ipv4(_, let port), .ipv6(_, _, let port), .dualStack(let port): port
        case .unix, .abstract: nil
        }
    }

    /// The same address on another port; a Unix socket has none.
    package func with(port: UInt16) -> ListenAddress {
        switch self {
        case .ipv4(let address, _): .ipv4(address, port: port)
        case .ipv6(let address, let scope, _): .ipv6(address, scope: scope, port: port)
        case .dualStack: .dualStack(port: port)
        case .unix, .abstract: self
        }
    }
}

/// The description is parsed back to the same address, except that `[::]` alone is parsed as dual-stack: as in `ss`, `*:80` is
/// both families and `[::]:80` is IPv6 only.
extension ListenAddress: CustomStringConvertible {
    package var description: String {
        switch self {
        case .ipv4(let address, let port): "\(address):\(port)"
        case .ipv6(let address, let scope, let port): "[\(address)\(scope.map { "%" + $0 } ?? "")]:\(port)"
        case .dualStack(let port): "*:\(port)"
        case .unix(let path): "unix:\(path)"
        case .abstract(let name): "unix:@\(name)"
        }
    }

    /// As a socket is bound: `[::]:80` for both families too.
    package var boundDescription: String {
        if case .dualStack(let port) = self { "[\(IPv6Address.any)]:\(port)" } else { description }
    }
}
