import Glibc
import MariaDB
import SQL

/// A server of MariaDB, and as whom to use it. The password is not part of it: it is read when a connection is made, so it can be
/// changed while the server runs, and is in no message, log or report.
package struct MariaDBSettings: Codable, Sendable, Equatable {
    package enum Password: Codable, Sendable, Equatable {
        case none
        /// Absolute.
        case file(path: String)
        case environment(name: String)
    }

    package enum TLS: Codable, Sendable, Equatable { case off, encrypt, verify }

    /// Empty: a Unix socket.
    package var host = ""
    package var port: UInt16 = 3306
    package var socket = ""
    package var user: String
    package var database: String
    package var password = Password.none
    package var tls = TLS.off
    /// Of a file in PEM; empty: the certificates that the system trusts.
    package var authorities = ""

    package init(user: String, database: String) { (self.user, self.database) = (user, database) }

    /// - Parameter statementNanoseconds: 0: a statement may take as long as it likes.
    func address(statementNanoseconds: UInt64) throws(DatabaseError) -> MariaDBAddress {
        let place: MariaDBAddress.Place =
            host.isEmpty ? .unixSocket(path: socket) : .tcp(host: host, port: port)
        var address = MariaDBAddress(place, user: user, password: try password.read(), database: database)
        if tls != .off {
            address.tls = MariaDBAddress.TLS(
                authorities: authorities.isEmpty ? nil : authorities, verifiesServer: tls == .verify)
        }
        address.statementTimeout = statementNanoseconds == 0 ? .seconds(31_536_000) : .nanoseconds(statementNanoseconds)
        return address
    }
}

extension MariaDBSettings.Password {
    private static let sizeLimit = 4_096

    /// Spaces and line ends at its end do not belong to it.
    fileprivate func read() throws(DatabaseError) -> String {
        switch self {
        case .none: return ""
        case .environment(let name):
            guard let value = getenv(name) else {
                throw DatabaseError(.denied, "the environment variable \(name) (password_env) is not set")
            }
            return String(cString: value)
        case .file(let path):
            let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
            guard file >= 0 else { throw Self.failure(path) }
            defer { close(file) }
            var bytes = [UInt8](repeating: 0, count: Self.sizeLimit)
            let count = Glibc.read(file, &bytes, bytes.count)
            guard count >= 0 else { throw Self.failure(path) }
            guard count < bytes.count else {
                throw DatabaseError(.denied, "\(path) (password_file): expected less than \(Self.sizeLimit) bytes")
            }
            let text = bytes[..<count].prefix { $0 != 0 }
            let end = text.lastIndex { $0 > UInt8(ascii: " ") }.map { $0 + 1 } ?? 0
            return String(decoding: text[..<end], as: UTF8.self)
        }
    }

    private static func failure(_ path: String) -> DatabaseError {
        DatabaseError(.denied, "read \(path) (password_file): \(String(cString: strerror(errno)))")
    }
}
