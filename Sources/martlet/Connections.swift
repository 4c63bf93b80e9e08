import ArgumentParser
import Server

struct Connections: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the open connections: who is connected, since when, and how long nothing has passed.",
        discussion: """
            SECURITY is the version of TLS. PRINCIPAL is the user that has logged in (martlet users); else whom the certificate of \
            the peer names, by the key tls.principal of the listener. Both are missing while a worker has the connection.
            """)

    @Argument(help: "Of this listener; without it, of all.")
    var listener: String?

    @Option(help: "How many to list, at most \(ConnectionsReport.mostRows).")
    var limit = ConnectionsReport.usualRows

    @OptionGroup var server: ServerOptions

    func validate() throws {
        guard (0...ConnectionsReport.mostRows).contains(limit) else {
            throw ValidationError("--limit: expected 0 to \(ConnectionsReport.mostRows), found \(limit)")
        }
    }

    func run() throws {
        var question = ControlQuestion(.connections)
        (question.listener, question.limit) = (listener, limit)
        guard let report = try server.ask(question).connections else { return }
        if server.json { return try printJSON(report) }
        printTable(
            [["LISTENER", "GEN", "ID", "PEER", "AGE", "IDLE", "SECURITY", "PRINCIPAL"]]
                + report.rows.map {
                    [
                        $0.listener, "\($0.generation)", "\($0.connection.id)", $0.connection.peer,
                        formatSeconds($0.connection.ageSeconds), formatSeconds($0.connection.idleSeconds),
                        $0.connection.security.isEmpty ? "-" : $0.connection.security,
                        $0.connection.principal.isEmpty ? "-" : $0.connection.principal,
                    ]
                })
        let missing = Int(clamping: report.open) - report.rows.count
        if missing > 0 { print("\(missing) more are open; see: --limit") }
        if !report.isComplete { print("an event loop did not answer, so some are missing; see: martlet status") }
    }
}
