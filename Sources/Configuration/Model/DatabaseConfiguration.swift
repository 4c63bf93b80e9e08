/// A pool of connections to a database: a table `[databases.NAME]` of `martlet.toml`.
package struct DatabaseConfiguration: Sendable, Equatable {
    package enum Place: Sendable, Equatable {
        /// Absolute.
        case sqlite(path: String)
        case mariaDB(MariaDB)
    }

    /// A server of MariaDB, and as whom to use it.
    package struct MariaDB: Sendable, Equatable {
        /// Empty: a Unix socket.
        package var host: String
        package var port: UInt16
        package var socket: String
        package var user: String
        package var database: String
        package var password: Password
        package var tls: TLS
        /// An absolute path; empty: the certificates that the system trusts.
        package var authorities: String
    }

    /// Where the password is.
    package enum Password: Sendable, Equatable {
        case none
        /// Absolute.
        case file(path: String)
        case environment(name: String)
    }

    package enum TLS: String, Sendable, CaseIterable {
        /// `verify`, unless the server is on this machine.
        case auto
        case off
        /// Without a look at the certificate: whoever is on the way can pretend to be the server.
        case encrypt
        case verify
    }

    package var name: String
    package var place: Place
    package var minimum: Int
    package var maximum: Int
    package var queue: Int
    package var acquireTimeout: Duration
    package var idleTimeout: Duration
    package var maximumLifetime: Duration
    package var validateAfter: Duration
    package var statementTimeout: Duration
    package var cursorTimeout: Duration
    package var maximumResult: Int
}

extension DatabaseConfiguration {
    static let schema = OptionSchema([
        OptionDescription(
            "url", .text, required: true,
            help: "`sqlite:PATH`: a file, relative to the folder of this file. It is made if it is not there. "
                + "`mariadb://USER@HOST[:PORT]/DATABASE` or `mariadb://USER@/DATABASE?socket=PATH`: a server of MariaDB."
        ),
        OptionDescription(
            "password_file", .text, default: #""""#,
            help:
                "A file with the password of MariaDB, relative to the folder of this file. It is read for each connection."
        ),
        OptionDescription(
            "password_env", .text, default: #""""#,
            help: "The environment variable of the server that has the password of MariaDB."),
        OptionDescription(
            "tls", .text, default: #""auto""#, choices: TLS.allCases.map(\.rawValue),
            help:
                "Whether connections to MariaDB are encrypted. `verify`: and the server must have a certificate for its host; "
                + "`encrypt`: any certificate will do; `auto`: as verify, but off for a server on this machine."),
        OptionDescription(
            "tls_ca", .text, default: #""""#,
            help:
                "A file in PEM with the certificates that sign the one of MariaDB; empty: those that the system trusts."
        ),
        OptionDescription(
            "min", .integer, default: "1", minimum: 0, maximum: 1_000,
            help: "Connections that stay open. Of SQLite these read; one more writes."),
        OptionDescription(
            "max", .integer, default: "10", minimum: 1, maximum: 1_000, help: "Connections at most, at least `min`."),
        OptionDescription(
            "queue", .integer, default: "16384", minimum: 1, maximum: 1_048_576,
            help: "Statements and transactions that may wait for a connection; further ones fail at once."),
        OptionDescription(
            "acquire_timeout", .duration, default: #""5s""#, minimum: .milliseconds(1), maximum: .hours(1),
            help: "How long one may wait for a connection before it fails."),
        OptionDescription(
            "idle_timeout", .duration, default: #""10m""#, minimum: 0, maximum: .days(1),
            help: "A connection above `min` that has had nothing to do for this long is closed; \"0s\" is never."),
        OptionDescription(
            "max_lifetime", .duration, default: #""30m""#, minimum: 0, maximum: .days(1),
            help: "A connection of this age, give or take 2.5 %, is replaced; \"0s\" is never."),
        OptionDescription(
            "validate_after", .duration, default: #""500ms""#, minimum: 0, maximum: .hours(1),
            help: "A connection that has not been used for this long is checked first."),
        OptionDescription(
            "statement_timeout", .duration, default: #""30s""#, minimum: 0, maximum: .days(1),
            help: "How long a statement may take; \"0s\" is as long as it likes."),
        OptionDescription(
            "cursor_timeout", .duration, default: #""30s""#, minimum: 0, maximum: .days(1),
            help:
                "How long a plugin that reads rows in batches may take before it asks for the next one; \"0s\" is as long as it likes."
        ),
        OptionDescription(
            "max_result", .size, default: #""16MiB""#, minimum: 1_024, maximum: .gibibytes(1),
            help: "The largest result of a transaction, and the largest row and batch of a cursor."),
    ])

    private static let builtInTable = ConfigurationTable.builtIn(schema)

    /// Those of a validated table `databases`. One with a problem is left out.
    static func all(in table: ConfigurationTable, folder: String) -> [DatabaseConfiguration] {
        table.members.compactMap { member in
            member.value.table.flatMap { DatabaseConfiguration(member.key, $0, folder: folder) }
        }
    }

    private init?(_ name: String, _ own: ConfigurationTable, folder: String) {
        let table = LayeredTable([own, Self.builtInTable])
        guard let url = try? DatabaseURL(own["url"]?.text ?? "") else { return nil }
        self.name = name
        switch url {
        case .sqlite(let path): place = .sqlite(path: FilePath.absolute(path, in: folder))
        case .mariaDB(let server): place = .mariaDB(MariaDB(server, table, folder: folder))
        }
        (minimum, maximum) = (min(table.integer("min"), table.integer("max")), table.integer("max"))
        queue = table.integer("queue")
        acquireTimeout = table.duration("acquire_timeout")
        idleTimeout = table.duration("idle_timeout")
        maximumLifetime = table.duration("max_lifetime")
        validateAfter = table.duration("validate_after")
        statementTimeout = table.duration("statement_timeout")
        cursorTimeout = table.duration("cursor_timeout")
        maximumResult = table.integer("max_result")
    }

    /// The problems that the schema cannot express.
    static func problems(of table: ConfigurationTable, at key: ConfigurationKey, file: String) -> [Diagnostic] {
        table.members.flatMap { member -> [Diagnostic] in
            let key = key.appending(member.key)
            guard let own = member.value.table else { return [] }
            var problems: [Diagnostic] = []
            func report(_ name: String?, _ message: String) {
                problems.append(
                    Diagnostic(
                        file: file, position: name.flatMap { own[$0]?.position } ?? member.value.position,
                        key: name.map { key.appending($0) } ?? key, message: message))
            }
            if let problem = PlainName.problem(member.key) { report(nil, problem) }
            let layers = LayeredTable([own, builtInTable])
            if let text = own["url"]?.text {
                do throws(DatabaseURL.Problem) {
                    try checkKeys(of: DatabaseURL(text), own, report)
                } catch {
                    report("url", error.message)
                }
            }
            if layers.integer("min") > layers.integer("max") {
                report("min", "expected at most max, which is \(layers.integer("max")), found \(layers.integer("min"))")
            }
            return problems
        }
    }

    private static func checkKeys(
        of url: DatabaseURL, _ own: ConfigurationTable, _ report: (String?, String) -> Void
    ) {
        switch url {
        case .sqlite:
            for key in ["password_file", "password_env", "tls", "tls_ca"] where own[key] != nil {
                report(key, "expected no such key: the database is a file of SQLite")
            }
        case .mariaDB(let server):
            if own["password_file"] != nil, own["password_env"] != nil {
                report("password_env", "expected password_file or password_env, found both")
            }
            if server.host.isEmpty, let tls = own["tls"]?.text,
                tls == TLS.encrypt.rawValue || tls == TLS.verify.rawValue
            {
                report("tls", "expected \"auto\" or \"off\" for a Unix socket, found \(quoted(tls))")
            }
        }
    }
}

extension DatabaseConfiguration.MariaDB {
    fileprivate init(_ server: DatabaseURL.MariaDBServer, _ table: LayeredTable, folder: String) {
        func path(_ key: String) -> String? {
            table.text(key).isEmpty ? nil : FilePath.absolute(table.text(key), in: folder)
        }
        (host, port, socket) = (server.host, server.port, server.socket)
        (user, database) = (server.user, server.database)
        let variable = table.text("password_env")
        password =
            path("password_file").map { .file(path: $0) } ?? (variable.isEmpty ? .none : .environment(name: variable))
        let wanted = DatabaseConfiguration.TLS(rawValue: table.text("tls")) ?? .auto
        tls = wanted != .auto ? wanted : server.isLocal ? .off : .verify
        authorities = path("tls_ca") ?? ""
    }
}
