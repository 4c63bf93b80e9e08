import Addresses

/// Where the server under load listens: `127.0.0.1:8080`, `[::1]:8080` or `unix:/run/echo.sock`.
package typealias TargetAddress = ListenAddress

extension TargetAddress {
    /// What a certificate must name; empty if nothing.
    var host: String {
        switch self {
        case .ipv4(let address, _): address.description
        case .ipv6(let address, _, _): address.description
        case .dualStack, .unix, .abstract: ""
        }
    }

    /// Names are not resolved, because a load must know which machine it hits.
    package init(_ text: String) throws(LoadError) {
        guard let address = Self.unix(text) ?? Self.internet(text) else {
            throw .invalid(
                what: "address", expected: "127.0.0.1:8080, [::1]:8080 or unix:/path", found: "\"\(text)\"")
        }
        self = address
    }

    private static func unix(_ text: String) -> Self? {
        guard text.hasPrefix("unix:") else { return nil }
        let address = Self.unix(path: String(text.dropFirst("unix:".count)))
        return address.withSocketAddress { _, _ in address }
    }

    private static func internet(_ text: String) -> Self? {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]), port > 0
        else { return nil }
        let host = text[..<colon]
        guard host.hasPrefix("["), host.hasSuffix("]") else {
            return IPv4Address(String(host)).map { .ipv4($0, port: port) }
        }
        return IPv6Address(String(host.dropFirst().dropLast())).map { .ipv6($0, scope: nil, port: port) }
    }
}
