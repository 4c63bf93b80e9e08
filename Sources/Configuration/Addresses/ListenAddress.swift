/// Where a listener accepts connections. Equal addresses have equal descriptions, so a reload can identify a listening socket by
/// either.
package enum ListenAddress: Sendable, Hashable {
    /// Four bytes in network order.
    case ipv4(IPv4Address, port: UInt16)
    /// IPv6 only (IPV6_V6ONLY = 1), also for `::`. The scope is the interface of a link-local address.
    case ipv6(IPv6Address, scope: String?, port: UInt16)
    /// Every IPv4 and IPv6 address on one socket: `::` with IPV6_V6ONLY = 0.
    case dualStack(port: UInt16)
    /// A socket in the file system; the path is absolute, at most 107 bytes.
    case unix(path: String)
    /// A socket in Linux's abstract namespace; the name is without the `@`, at most 107 bytes.
    case abstract(name: String)

    /// Nil for Unix sockets.
    package var port: UInt16? {
        switch self {
        case .ipv4(_, let port), .ipv6(_, _, let port), .dualStack(let port): port
        case .unix, .abstract: nil
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
}
