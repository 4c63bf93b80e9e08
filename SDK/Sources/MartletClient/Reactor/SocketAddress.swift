import Glibc

/// One address in the kernel's form.
struct SocketAddress: Sendable {
    let family: Int32
    private let bytes: [UInt8]

    private init(family: Int32, copying address: UnsafeRawPointer, count: Int) {
        self.family = family
        bytes = Array(UnsafeRawBufferPointer(start: address, count: count))
    }

    /// - Parameter path: without NUL, at most 107 bytes.
    init(unixPath path: String) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        self.init(
            family: AF_UNIX, copying: &address, count: MemoryLayout<sa_family_t>.size + path.utf8.count + 1)
    }

    func withPointer<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        bytes.withUnsafeBytes { body($0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count)) }
    }

    /// All addresses of a host, in the order in which to try them. C: `getaddrinfo`
    ///
    /// - Parameter isNumber: the host is a number, so nothing is asked and nothing blocks. Otherwise it may block for as long as the
    ///   resolver's configuration says.
    static func resolve(host: String, port: UInt16, isNumber: Bool) -> Result<[SocketAddress], ConnectionFailure> {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_NUMERICSERV | (isNumber ? AI_NUMERICHOST : 0)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(port), &hints, &list)
        guard code == 0 else { return .failure(.unknownHost(String(cString: gai_strerror(code)))) }
        defer { freeaddrinfo(list) }
        var found: [SocketAddress] = []
        var next = list
        while let entry = next {
            let info = entry.pointee
            if info.ai_family == AF_INET || info.ai_family == AF_INET6, let address = info.ai_addr {
                found.append(SocketAddress(family: info.ai_family, copying: address, count: Int(info.ai_addrlen)))
            }
            next = info.ai_next
        }
        guard let first = found.first else { return .failure(.unknownHost("no IPv4 or IPv6 address")) }
        return .success(AddressRace.interleave(found) { $0.family == first.family })
    }
}
