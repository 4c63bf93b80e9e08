import Addresses
import Glibc

/// One address in the kernel's form.
struct SocketAddress {
    let family: Int32
    private let bytes: [UInt8]

    private init(family: Int32, copying address: UnsafeRawPointer, count: Int) {
        self.family = family
        bytes = Array(UnsafeRawBufferPointer(start: address, count: count))
    }

    func withPointer<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        bytes.withUnsafeBytes { body($0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count)) }
    }

    /// All addresses that a server address resolves to, in the order in which to try them. C: `getaddrinfo`, which may block for
    /// as long as the resolver's configuration says.
    static func resolve(_ address: ServerAddress) throws(BinaryClientError.Reason) -> [SocketAddress] {
        switch address {
        case .unix(let path):
            let found = ListenAddress.unix(path: path).withSocketAddress {
                SocketAddress(family: AF_UNIX, copying: $0, count: Int($1))
            }
            guard let found else { throw .system(function: "connect", code: ENAMETOOLONG) }
            return [found]
        case .internet(let host, let port): return try lookUp(host, port)
        }
    }

    private static func lookUp(_ host: String, _ port: UInt16) throws(BinaryClientError.Reason) -> [SocketAddress] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(port), &hints, &list)
        guard code == 0 else { throw .unknownHost(String(cString: gai_strerror(code))) }
        defer { freeaddrinfo(list) }
        var found: [SocketAddress] = []
        var next = list
        while let entry = next {
            let info = entry.pointee
            if info.ai_family == AF_INET || info.ai_family == AF_INET6, let address = info.ai_addr {
                found.append(
                    SocketAddress(family: info.ai_family, copying: address, count: Int(info.ai_addrlen)))
            }
            next = info.ai_next
        }
        guard !found.isEmpty else { throw .unknownHost("no IPv4 or IPv6 address") }
        return found
    }
}
