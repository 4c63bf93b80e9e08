import Glibc

/// An address on which a server listens, in the notation of `martlet status`.
enum ServerAddress: Sendable {
    case ipv4(String, port: UInt16)
    case ipv6(String, port: UInt16)
    case unix(path: String)
    case abstract(name: String)

    init(_ text: String) throws {
        if text.hasPrefix("unix:@") {
            self = .abstract(name: String(text.dropFirst(6)))
        } else if text.hasPrefix("unix:") {
            self = .unix(path: String(text.dropFirst(5)))
        } else if let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) {
            let host = text[..<colon]
            self =
                host.hasPrefix("[")
                ? .ipv6(String(host.dropFirst().dropLast()), port: port) : .ipv4(String(host), port: port)
        } else {
            throw Failure("not an address: \(text)")
        }
    }

    var port: UInt16 {
        switch self {
        case .ipv4(_, let port), .ipv6(_, let port): port
        case .unix, .abstract: 0
        }
    }

    var family: Int32 {
        switch self {
        case .ipv4: AF_INET
        case .ipv6: AF_INET6
        case .unix, .abstract: AF_UNIX
        }
    }

    /// In the notation that the load generator expects.
    var text: String {
        switch self {
        case .ipv4(let host, let port): "\(host):\(port)"
        case .ipv6(let host, let port): "[\(host)]:\(port)"
        case .unix(let path): "unix:\(path)"
        case .abstract(let name): "unix:@\(name)"
        }
    }

    func withSocketAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        switch self {
        case .ipv4(let host, let port):
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            inet_pton(AF_INET, host, &address.sin_addr)
            return Self.rebind(&address, socklen_t(MemoryLayout<sockaddr_in>.size), body)
        case .ipv6(let host, let port):
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            inet_pton(AF_INET6, host, &address.sin6_addr)
            return Self.rebind(&address, socklen_t(MemoryLayout<sockaddr_in6>.size), body)
        case .unix(let path): return Self.withUnixName(Array(path.utf8) + [0], body)
        case .abstract(let name): return Self.withUnixName([0] + Array(name.utf8), body)
        }
    }

    private static func withUnixName<Result>(
        _ name: [UInt8], _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        return rebind(&address, socklen_t(MemoryLayout<sa_family_t>.size + name.count), body)
    }

    private static func rebind<Address, Result>(
        _ address: inout Address, _ length: socklen_t, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }
}
