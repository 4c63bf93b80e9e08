import ArgumentParser
import Server

struct Processes: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the processes of the server, with memory, processor time and age.",
        discussion: """
            The server itself loads no plugin. It starts a host, which runs the plugins of all listeners, and one more for each \
            listener or group with `isolation`. When a plugin crashes, only its host ends, and the server starts another one; \
            see martlet crashes.

            EXAMPLES
              martlet processes
              martlet processes renew shared   run the plugins in a fresh process; the connections go on there
            """,
        subcommands: [List.self, Renew.self], defaultSubcommand: List.self)

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the processes.")

        @OptionGroup var server: ServerOptions

        func run() throws {
            let rows = try server.ask(.processes).processes ?? []
            if server.json { return try printJSON(rows) }
            printTable(
                [["ROLE", "NAME", "PID", "THREADS", "RESIDENT", "PSS", "CPU", "AGE", "FDS"]]
                    + rows.map {
                        [
                            $0.role.rawValue, $0.name.isEmpty ? "-" : $0.name, "\($0.pid)", "\($0.threads)",
                            formatBytes($0.residentBytes),
                            $0.proportionalBytes.map(formatBytes) ?? "?", formatMicroseconds($0.processorSeconds * 1e6),
                            formatSeconds($0.ageSeconds), $0.fileDescriptors.map { "\($0)" } ?? "?",
                        ]
                    })
        }
    }

    struct Renew: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Replace a host by a fresh process. Its connections go on there.",
            discussion: """
                The fresh host loads the plugins first. Then everything stands still for some milliseconds while the connections \
                change over, each between two callbacks. Connections that are busy follow as soon as they can. Those whose plugin \
                cannot move its sessions stay in the former host until they end, and that host ends with the last of them.

                The server does this by itself when a host has more than max_retired_images (martlet.toml).
                """)

        @Argument(help: "The name of the host, as martlet processes shows it.")
        var host = "shared"

        @OptionGroup var server: ServerOptions

        func run() throws {
            var question = ControlQuestion(.renew)
            question.host = host
            guard let report = try server.ask(question).renewal else { return }
            if server.json { return try printJSON(report) }
            let former = report.formerProcess.map { " \($0)" } ?? ""
            print(
                "\(report.host) renewed: \(connections(report.moved)) moved, \(report.staying) stay in the former process\(former)"
            )
            if report.stateBytes > 0 { print("  state     \(formatBytes(UInt64(report.stateBytes))) moved") }
            if report.closed > 0 { print("  closed    \(connections(report.closed)) that could not go with the state") }
            if let process = report.process { print("  process   \(process)") }
            print(
                "  time      \(Int(report.milliseconds.rounded())) ms; callbacks stood still for "
                    + "\(Int(report.pauseMilliseconds.rounded())) ms")
        }

        private func connections(_ count: Int) -> String { "\(count) connection\(count == 1 ? "" : "s")" }
    }
}
