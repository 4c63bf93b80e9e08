import ArgumentParser
import Server

struct Metrics: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the metrics of the running server in the text format of Prometheus.",
        discussion: "This is the text that the address in metrics_listen of martlet.toml serves at /metrics.")

    @OptionGroup var server: ServerOptions

    func run() throws {
        guard let status = try server.ask(.status).status else { throw ExitStatus.refused }
        if server.json { return try printJSON(status) }
        print(status.prometheus(), terminator: "")
    }
}
