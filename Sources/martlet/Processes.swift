import ArgumentParser
import Server

struct Processes: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the processes of the server, with memory, processor time and age.",
        discussion: """
            The server itself loads no plugin. It starts a host, which runs the plugins of all listeners, and one more for each \
            listener or group with `isolation`. When a plugin crashes, only its host ends, and the server starts another one; \
            see martlet crashes.
            """)

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
