import ArgumentParser
import Databases
import Server

struct DatabasesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "databases",
        abstract: "Show or control the pools of connections to databases.",
        discussion: """
            The tables [databases.NAME] of martlet.toml name them. A pool is opened when a plugin first asks for it, and \
            lives in the host of that plugin.

            EXAMPLES
              martlet databases                          state, connections, what waits, what was done
              martlet databases show main                also what each connection does, and for whom
              martlet databases evict main               replace all connections, such as after a failover
              martlet databases pause main
              martlet databases resume main
              martlet databases resize main --min 2 --max 8   until martlet.toml changes or the host ends
              martlet databases backup main /backup/main.db   a copy, while plugins go on writing
              martlet databases integrity main                whether the file is in order
            """,
        subcommands: [
            List.self, Show.self, Pause.self, Resume.self, Evict.self, Resize.self, Backup.self, Integrity.self,
        ],
        defaultSubcommand: List.self)

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the pools.")
        @OptionGroup var server: ServerOptions

        func run() throws {
            let rows = try server.ask(.databases).databases ?? []
            if server.json { return try printJSON(rows) }
            printTable(
                [["NAME", "KIND", "HOST", "STATE", "OPEN", "BUSY", "WAITING", "JOBS", "FAILED", "REFUSED", "COMMITS"]]
                    + rows.map { row in
                        let report = row.report
                        return [
                            report.name, report.kind, row.host, report.state, "\(report.open)", "\(report.busy)",
                            "\(report.waiting)", "\(report.jobs)", "\(report.failures)", "\(report.refused)",
                            "\(report.commits)",
                        ]
                    })
            for row in rows where !row.report.problem.isEmpty { print("\(row.report.name): \(row.report.problem)") }
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show one pool, and what its connections do now.")
        @OptionGroup var database: DatabaseOption
        func run() throws { try database.change(nil) }
    }

    struct Pause: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Finish what runs and begin nothing more until resume. Of SQLite: nothing that only reads.")
        @OptionGroup var database: DatabaseOption
        func run() throws { try database.change(.pause) }
    }

    struct Resume: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Continue after pause.")
        @OptionGroup var database: DatabaseOption
        func run() throws { try database.change(.resume) }
    }

    struct Evict: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Replace all connections: the idle ones and those of cursors now, the others when they are free.")
        @OptionGroup var database: DatabaseOption
        func run() throws { try database.change(.evict) }
    }

    struct Resize: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Change the number of connections.")
        @OptionGroup var database: DatabaseOption
        @Option(name: .customLong("min"), help: "Minimum number of connections: 0 to 1000.")
        var minimum: Int
        @Option(name: .customLong("max"), help: "Maximum number of connections: 1 to 1000.")
        var maximum: Int

        func validate() throws {
            guard (1...1_000).contains(maximum) else {
                throw ValidationError("--max: expected 1 to 1000, found \(maximum)")
            }
            guard (0...maximum).contains(minimum) else {
                throw ValidationError("--min: expected 0 to \(maximum) (the value of --max), found \(minimum)")
            }
        }

        func run() throws { try database.change(.resize(minimum: minimum, maximum: maximum)) }
    }
}

/// One pool.
struct DatabaseOption: ParsableArguments {
    @Argument(help: "The name of the pool in martlet.toml.")
    var name: String

    @OptionGroup var server: ServerOptions

    /// Asks for a change, and shows the pool.
    func change(_ change: DatabaseChange?) throws {
        var question = ControlQuestion(.databases)
        (question.database, question.databaseChange) = (name, change)
        guard let rows = try server.ask(question).databases else { throw ExitStatus.refused }
        if server.json { return try printJSON(rows) }
        for row in rows { show(row.report, host: row.host) }
    }

    private func show(_ report: DatabaseReport, host: String) {
        printTable([
            ["name", "\(report.name) (\(report.kind), host \(host))"],
            ["state", report.problem.isEmpty ? report.state : "\(report.state): \(report.problem)"],
            [
                "connections",
                "\(report.open) open, \(report.busy) busy (\(report.cursors) with cursors), \(report.made) made, "
                    + "\(report.broken) broken",
            ],
            ["waiting", "\(report.waiting) now, \(report.waitSeconds) s in all"],
            [
                "jobs",
                "\(report.jobs), \(report.failures) failed, \(report.refused) refused, \(report.retries) tried again",
            ],
        ])
        guard !report.running.isEmpty else { return }
        printTable(
            [["FOR", "CONNECTION", "SINCE", "DOES", "STATEMENT"]]
                + report.running.map {
                    [
                        $0.holder.isEmpty ? "-" : $0.holder, $0.connection == 0 ? "-" : "\($0.connection)",
                        formatSeconds($0.seconds), work(of: $0), $0.statement.replacing("\n", with: " "),
                    ]
                })
    }

    private func work(of running: DatabaseReport.Running) -> String {
        guard running.isCursor else { return "runs" }
        return running.idleSeconds.map { "cursor, not asked for \(formatSeconds($0))" } ?? "cursor, reads"
    }
}
