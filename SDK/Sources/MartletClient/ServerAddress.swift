/// Where a server listens: `localhost:7100`, `[::1]:7100` or `unix:/path`.
enum ServerAddress: Hashable, Sendable, CustomStringConvertible {
    /// A name or a number; IPv6 without brackets.
    case internet(host: String, port: UInt16)
    case unix(path: String)

    /// `sun_path` has 108 bytes, and the last is NUL: unix(7).
    static let unixPathLimit = 107

    /// Returns nil when the text is not an address. Names are resolved when connecting.
    init?(_ text: String) {
        // C would stop at a NUL and take the text before it.
        guard !text.utf8.contains(0) else { return nil }
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst("unix:".count))
            guard !path.isEmpty, path.utf8.count <= Self.unixPathLimit else { return nil }
            self = .unix(path: path)
            return
        }
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]), port > 0
        else { return nil }
        let host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]"), host.count > 2 {
            self = .internet(host: String(host.dropFirst().dropLast()), port: port)
        } else {
            // A bare "::1:7100" could be read in two ways.
            guard !host.isEmpty, !host.contains(where: { ":[]".contains($0) }) else { return nil }
            self = .internet(host: String(host), port: port)
        }
    }

    /// What the certificate of the server must name; empty: a Unix socket has no name.
    var host: String { if case .internet(let host, _) = self { host } else { "" } }

    var description: String {
        switch self {
        case .internet(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }
}
