import Addresses

/// Where a database is, as `url` of `[databases.NAME]` says it.
enum DatabaseURL: Equatable {
    case sqlite(path: String)
    case mariaDB(MariaDBServer)

    struct MariaDBServer: Equatable {
        var user: String
        /// Empty: a Unix socket.
        var host = ""
        var port: UInt16 = 3306
        var socket = ""
        var database: String

        /// It stays on this machine.
        var isLocal: Bool { host.isEmpty || host == "localhost" || host == "::1" || host.hasPrefix("127.") }
    }

    struct Problem: Error, Equatable {
        let message: String
    }

    static let form =
        "sqlite:PATH, mariadb://USER@HOST[:PORT]/DATABASE or mariadb://USER@/DATABASE?socket=PATH (mysql:// is the same)"

    init(_ text: String) throws(Problem) {
        if let path = text.without("sqlite:") {
            guard !path.isEmpty, !path.hasPrefix("//") else { throw Self.expected(text) }
            self = .sqlite(path: path)
        } else if let rest = text.without("mariadb://") ?? text.without("mysql://") {
            self = .mariaDB(try MariaDBServer(rest))
        } else {
            throw Self.expected(text)
        }
    }

    /// Nothing that could be a password is in it.
    private static func expected(_ text: String) -> Problem {
        let found = text.contains("@") ? "another URL" : quoted(text)
        return Problem(message: "expected \(form), found \(found)")
    }
}

extension DatabaseURL.MariaDBServer {
    /// - Parameter text: what follows the scheme.
    fileprivate init(_ text: String) throws(DatabaseURL.Problem) {
        guard let at = text.lastIndex(of: "@") else { throw Self.expected("USER@") }
        guard !text[..<at].contains(":") else {
            throw DatabaseURL.Problem(
                message: "expected no password in the URL: write it into a file and name the file with password_file, "
                    + "or an environment variable with password_env")
        }
        let parts = text[text.index(after: at)...].split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let places = parts[0].split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let user = Self.decoded(text[..<at]), !user.isEmpty else { throw Self.expected("USER@") }
        guard places.count == 2, let database = Self.decoded(places[1]), !database.isEmpty, !database.contains("/")
        else {
            throw Self.expected("/DATABASE after the host")
        }
        self.init(user: user, database: database)
        if parts.count == 2 {
            guard let path = String(parts[1]).without("socket=").flatMap({ Self.decoded(Substring($0)) }),
                path.hasPrefix("/"), places[0].isEmpty, path.utf8.count <= ListenAddress.unixNameLimit
            else { throw Self.expected("?socket=PATH with an absolute path and no host") }
            socket = path
        } else {
            (host, port) = try Self.endpoint(places[0])
        }
    }

    private static func expected(_ what: String) -> DatabaseURL.Problem {
        DatabaseURL.Problem(message: "expected \(DatabaseURL.form): \(what) is missing or wrong")
    }

    /// `HOST`, `HOST:PORT`, `[ADDRESS]` or `[ADDRESS]:PORT`.
    private static func endpoint(_ text: Substring) throws(DatabaseURL.Problem) -> (host: String, port: UInt16) {
        var (host, rest) = (text, Substring())
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            host = text[text.index(after: text.startIndex)..<end]
            rest = text[text.index(after: end)...]
            guard IPv6Address(String(host)) != nil else { throw expected("HOST") }
        } else if let colon = text.firstIndex(of: ":") {
            (host, rest) = (text[..<colon], text[colon...])
        }
        guard !host.isEmpty else { throw expected("HOST") }
        if rest.isEmpty { return (String(host), 3306) }
        guard rest.hasPrefix(":"), let port = UInt16(rest.dropFirst()), port > 0 else { throw expected("PORT") }
        return (String(host), port)
    }

    /// Without the percent-encoding of RFC 3986, section 2.1. nil: it is wrong, or hides a control character.
    private static func decoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let code = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16), rest.count >= 2 else {
                return nil
            }
            rest = rest.dropFirst(2)
            bytes.append(code)
        }
        return bytes.allSatisfy { $0 >= 32 && $0 != 127 } ? String(validating: bytes, as: UTF8.self) : nil
    }
}

extension String {
    fileprivate func without(_ prefix: String) -> String? {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
    }
}
