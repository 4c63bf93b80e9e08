import Addresses

extension ListenAddress {
    /// Whether the two cannot be bound at the same time. This is the rule of bind(2) for listening sockets: on one port, an
    /// address overlaps itself, and the wildcard of a family overlaps every address of that family. SO_REUSEADDR does not change
    /// this on Linux. SO_REUSEPORT would let both bind and then hand each connection to the more exact one, which nobody expects
    /// from two listeners, so that is refused as well. Port 0 means a free port and overlaps nothing.
    package func overlaps(_ other: ListenAddress) -> Bool {
        guard port == other.port, port != 0 else { return false }
        switch (self, other) {
        case (.ipv4(let left, _), .ipv4(let right, _)):
            return left == right || left == .any || right == .any
        case (.ipv6(let left, let leftScope, _), .ipv6(let right, let rightScope, _)):
            return left == .any || right == .any || (left == right && leftScope == rightScope)
        case (.ipv4, .ipv6), (.ipv6, .ipv4): return false
        case (.dualStack, _), (_, .dualStack): return true
        default: return self == other
        }
    }
}

extension [ListenAddress] {
    /// The addresses of one listener as they are bound: beside `0.0.0.0:80`, `[::]:80` is IPv6 only. Other listeners are not
    /// considered: the meaning of a file must not depend on other files.
    package func separatingFamilies() -> [ListenAddress] {
        map { address in
            guard case .dualStack(let port) = address, port != 0, contains(.ipv4(.any, port: port)) else {
                return address
            }
            return .ipv6(.any, scope: nil, port: port)
        }
    }
}
