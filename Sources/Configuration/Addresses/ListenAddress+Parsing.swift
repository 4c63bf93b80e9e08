import Addresses

extension ListenAddress {
    /// Why a text is not an address, as the message of a diagnostic.
    package struct ParseError: Error, Equatable {
        package var message: String
    }

    package init(parsing text: String) throws(ParseError) {
        if text.hasPrefix("unix:") {
            self = try Self.unix(text.dropFirst(5), in: text)
        } else {
            self = try Self.internet(text)
        }
    }

    private static func unix(_ name: Substring, in text: String) throws(ParseError) -> ListenAddress {
        let isAbstract = name.hasPrefix("@")
        guard isAbstract || name.hasPrefix("/") else {
            throw ParseError(message: "expected unix:/path or unix:@name, found \(quoted(text))")
        }
        let result = isAbstract ? String(name.dropFirst()) : FilePath.absolute(String(name), in: "/")
        guard !result.isEmpty, result != "/" else {
            throw ParseError(message: "expected a name after \(quoted(String(text.prefix(6)))), found nothing")
        }
        guard result.utf8.count <= unixNameLimit else {
            let found = "found \(result.utf8.count) bytes"
            throw ParseError(message: "expected a Unix socket of at most \(unixNameLimit) bytes, \(found)")
        }
        return isAbstract ? .abstract(name: result) : .unix(path: result)
    }

    private static func internet(_ text: String) throws(ParseError) -> ListenAddress {
        guard let colon = text.lastIndex(of: ":"), !text.hasSuffix("]") else {
            throw ParseError(message: "expected an address with a port, \(examples), found \(quoted(text))")
        }
        let host = String(text[..<colon])
        let port = try port(text[text.index(after: colon)...], in: text)
        if host == "*" { return .dualStack(port: port) }
        if host.hasPrefix("["), host.hasSuffix("]"), host.count >= 2 {
            return try ipv6(host.dropFirst().dropLast(), port: port, in: text)
        }
        if let address = IPv4Address(host) { return .ipv4(address, port: port) }
        if host.contains(":"), IPv6Address(host) != nil {
            throw ParseError(
                message: "expected brackets around an IPv6 address, \"[\(host)]:\(port)\", found \(quoted(text))")
        }
        let hint = host.isEmpty ? "; for every address write \"*:\(port)\"" : " (host names are not looked up)"
        throw ParseError(message: "expected a numeric address, \(examples), found \(quoted(text))\(hint)")
    }

    private static let examples = #"such as "127.0.0.1:8080", "[::1]:8080" or "*:8080""#

    private static func port(_ text: Substring, in whole: String) throws(ParseError) -> UInt16 {
        guard !text.isEmpty, text.utf8.count <= 5, text.allSatisfy({ $0.isASCII && $0.isNumber }),
            let port = UInt16(text)
        else {
            throw ParseError(
                message: "expected a port from 0 to 65535, found \(quoted(String(text))) in \(quoted(whole))")
        }
        return port
    }

    private static func ipv6(_ text: Substring, port: UInt16, in whole: String) throws(ParseError) -> ListenAddress {
        let parts = text.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
        let scope = parts.count == 2 ? String(parts[1]) : nil
        guard let address = parts.first.flatMap({ IPv6Address(String($0)) }) else {
            throw ParseError(message: "expected an IPv6 address in brackets, found \(quoted(whole))")
        }
        if let mapped = address.mappedIPv4 {
            throw ParseError(message: "expected the IPv4 form \"\(mapped):\(port)\", found \(quoted(whole))")
        }
        guard address.isLinkLocal == (scope != nil), scope != "" else {
            let rule =
                "a link-local address needs its interface and no other address has one, as in \"[fe80::1%eth0]:80\""
            throw ParseError(message: "\(rule), found \(quoted(whole))")
        }
        return address == .any ? .dualStack(port: port) : .ipv6(address, scope: scope, port: port)
    }
}
