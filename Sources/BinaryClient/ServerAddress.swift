import Addresses

/// Where a server listens: `localhost:7100`, `192.0.2.7:7100`, `[::1]:7100` or `unix:/run/store.sock`.
package enum ServerAddress: Hashable, Sendable, CustomStringConvertible {
    /// A name or a number; IPv6 without brackets.
    case internet(host: String, port: UInt16)
    case unix(path: String)

    /// Returns nil when the text is not an address. Names are resolved when connecting.
    package init?(_ text: String) {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst("unix:".count))
            guard !path.isEmpty, path.utf8.count <= ListenAddress.unixNameLimit else { return nil }
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

    package var description: String {
        switch self {
        case .internet(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }
}
