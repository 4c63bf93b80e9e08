import ArgumentParser
import Server

struct Generations: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the live generations of each listener, and why each is alive.")

    @OptionGroup var server: ServerOptions

    func run() throws {
        let rows = try server.ask(.generations).generations ?? []
        if server.json { return try printJSON(rows) }
        printTable(
            [["LISTENER", "GEN", "VERSION", "HASH", "AGE", "CONNS", "OLDEST", "STATE", "WHY"]]
                + rows.map {
                    [
                        $0.listener, "\($0.generation)", $0.version, String($0.hash.prefix(12)),
                        formatSeconds($0.ageSeconds), "\($0.connections)",
                        $0.oldestConnectionSeconds.map(formatSeconds) ?? "?",
                        $0.state.rawValue, $0.reason,
                    ]
                })
    }
}
