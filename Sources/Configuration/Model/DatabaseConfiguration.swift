/// A pool of connections to a database: a table `[databases.NAME]` of `martlet.toml`.
package struct DatabaseConfiguration: Sendable, Equatable {
    package enum Place: Sendable, Equatable {
        /// Absolute.
        case sqlite(path: String)
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
    package var maximumResult: Int
}

extension DatabaseConfiguration {
    static let schema = OptionSchema([
        OptionDescription(
            "url", .text, required: true,
            help: "`sqlite:PATH`: a file, relative to the folder of this file. It is made if it is not there."),
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
            "max_result", .size, default: #""16MiB""#, minimum: 1_024, maximum: .gibibytes(1),
            help: "The largest result of a transaction."),
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
        guard let place = Self.place(own["url"]?.text ?? "", folder: folder) else { return nil }
        self.name = name
        self.place = place
        (minimum, maximum) = (min(table.integer("min"), table.integer("max")), table.integer("max"))
        queue = table.integer("queue")
        acquireTimeout = table.duration("acquire_timeout")
        idleTimeout = table.duration("idle_timeout")
        maximumLifetime = table.duration("max_lifetime")
        validateAfter = table.duration("validate_after")
        statementTimeout = table.duration("statement_timeout")
        maximumResult = table.integer("max_result")
    }

    private static func place(_ url: String, folder: String) -> Place? {
        guard url.hasPrefix("sqlite:") else { return nil }
        let path = String(url.dropFirst("sqlite:".count))
        guard !path.isEmpty, !path.hasPrefix("//") else { return nil }
        return .sqlite(path: FilePath.absolute(path, in: folder))
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
            if let url = own["url"]?.text, place(url, folder: "/") == nil {
                report("url", "expected sqlite:PATH, found \(quoted(url))")
            }
            let layers = LayeredTable([own, builtInTable])
            if layers.integer("min") > layers.integer("max") {
                report("min", "expected at most max, which is \(layers.integer("max")), found \(layers.integer("min"))")
            }
            return problems
        }
    }
}
