import ArgumentParser
import Server

struct TLS: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tls",
        abstract: "List the certificates of all listeners, with their names and the days until they expire.",
        discussion: """
            The first certificate of a listener is for all server names that no other has. A changed file is read with the next reload;
            connections that are open keep theirs.
            """)

    @OptionGroup var server: ServerOptions

    func run() throws {
        let rows = (try server.ask(.status).status?.listeners ?? []).flatMap(\.certificates)
        if server.json { return try printJSON(rows) }
        guard !rows.isEmpty else { return printBriefly(["no listener has a table [tls]"]) }
        printTable(
            [["LISTENER", "NAMES", "ISSUER", "KEY", "EXPIRES", "DAYS", "FILE"]]
                + rows.map {
                    [
                        $0.listener, $0.certificate.names.joined(separator: ","), $0.certificate.issuer,
                        $0.certificate.key,
                        $0.expiryDate, "\($0.daysLeft)", $0.file ?? "made at the start, for development",
                    ]
                })
    }
}
