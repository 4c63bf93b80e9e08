import ArgumentParser
import Server

struct Reload: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Reload the plugins folder, wait, and print what changed per listener.",
        discussion: """
            A reload is all or nothing: when any file is refused, nothing changes and the exit status is 1.
            """)

    @OptionGroup var server: ServerOptions

    func run() throws {
        guard let receipt = try server.ask(.reload).receipt else { throw ExitStatus.refused }
        if server.json { try printJSON(receipt) } else { show(receipt) }
        if receipt.isRefused { throw ExitStatus.refused }
    }

    private func show(_ receipt: Receipt) {
        printTable(
            receipt.entries.map { [$0.listener.isEmpty ? "-" : $0.listener, $0.outcome.rawValue, $0.detail] })
        for key in receipt.needsRestart { print("martlet.toml: \(key): needs a restart to take effect") }
        let duration = "\(Int(receipt.milliseconds.rounded())) ms"
        print(
            receipt.isRefused
                ? "reload \(receipt.sequence) refused after \(duration): nothing has changed"
                : "reload \(receipt.sequence) done in \(duration)")
    }
}
