/// Where a server is, and as whom to use it.
package struct MariaDBAddress: Sendable, Equatable {
    package enum Place: Sendable, Equatable {
        case tcp(host: String, port: UInt16)
        case unixSocket(path: String)
    }

    package struct TLS: Sendable, Equatable {
        /// A file of certificates in PEM that sign the server's; nil: those that the system trusts.
        package var authorities: String?
        /// The server has to show a certificate for the host. Without it, anyone on the way can pretend to be the server.
        package var verifiesServer: Bool

        package init(authorities: String? = nil, verifiesServer: Bool = true) {
            (self.authorities, self.verifiesServer) = (authorities, verifiesServer)
        }
    }

    package var place: Place
    package var user: String
    package var password: String
    package var database: String?
    /// nil: without TLS. Else a server without it is refused.
    package var tls: TLS?
    /// Rounded up to whole seconds.
    package var connectTimeout: Duration = .seconds(5)
    /// The server ends a statement after this time. If it does not, the connection ends half a second to a second and a half later.
    package var statementTimeout: Duration = .seconds(30)

    package init(_ place: Place, user: String, password: String = "", database: String? = nil, tls: TLS? = nil) {
        (self.place, self.user, self.password, self.database, self.tls) = (place, user, password, database, tls)
    }

    var statementTimeoutMilliseconds: Int64 {
        let (seconds, attoseconds) = statementTimeout.components
        // 0 is for ever. The server takes at most a year.
        return seconds >= 31_536_000 ? 31_536_000_000 : max(1, seconds * 1_000 + attoseconds / 1_000_000_000_000_000)
    }

    /// Of one read from the server. At least half a second more than the server's own limit, so that the server is the first to act.
    var readTimeoutSeconds: UInt32 { UInt32(clamping: (statementTimeoutMilliseconds + 500 + 999) / 1_000) }

    var connectTimeoutSeconds: UInt32 {
        let (seconds, attoseconds) = connectTimeout.components
        return UInt32(clamping: max(1, seconds + (attoseconds > 0 ? 1 : 0)))
    }
}

/// Neither of these contains the password.
extension MariaDBAddress: CustomStringConvertible, CustomReflectable {
    package var description: String {
        let suffix = database.map { "/\($0)" } ?? ""
        return switch place {
        case .tcp(let host, let port): "\(user)@\(host):\(port)\(suffix)"
        case .unixSocket(let path): "\(user)@\(path)\(suffix)"
        }
    }

    package var customMirror: Mirror { Mirror(self, children: ["address": description]) }
}
