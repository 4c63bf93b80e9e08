import ArgumentParser
import Server

struct Reload: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Reload the plugins folder, wait, and print what changed per listener.",
        discussion: """
            A reload is all or nothing: when any file is refused, nothing changes and the exit status is 1. With \
            --partial the good listeners change anyway; the exit status is still 1 when one was refused. A plugin \
            in quarantine refuses only its own listener.

            A folder without listener files is refused while listeners run: use --allow-empty to stop them all.
            """)

    @Flag(help: "Change the good listeners even when others are refused.")
    var partial = false

    @Flag(help: "Stop all listeners when the folder contains no listener files.")
    var allowEmpty = false

    @OptionGroup var server: ServerOptions

    func run() throws {
        var question = ControlQuestion(.reload)
        question.partial = partial
        question.allowEmpty = allowEmpty
        try show(try server.ask(question).receipt, json: server.json)
    }
}

struct Rollback: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Return a listener to its previous generation at once, open sessions included.",
        discussion: """
            Works even when the old file is gone: the server keeps a private copy. What was rolled back is held back: a \
            reload or a restart that finds exactly that in the folder leaves the listener alone, until its file or its \
            plugin changes. During a trial of a new generation, stops the trial.
            """)

    @Argument(help: "The listener's name.")
    var listener: String

    @OptionGroup var server: ServerOptions

    func run() throws {
        var question = ControlQuestion(.rollback)
        question.listener = listener
        try show(try server.ask(question).receipt, json: server.json)
    }
}

/// Prints a receipt. Exits with a status that says whether anything was refused.
private func show(_ receipt: Receipt?, json: Bool) throws {
    guard let receipt else { throw ExitStatus.refused }
    if json { try printJSON(receipt) } else { show(receipt) }
    if receipt.isRefused { throw ExitStatus.refused }
}

private func show(_ receipt: Receipt) {
    printTable(receipt.entries.map { [$0.listener.isEmpty ? "-" : $0.listener, $0.outcome.text, $0.detail] })
    for key in receipt.needsRestart { print("martlet.toml: \(key): needs a restart to take effect") }
    let duration = "\(Int(receipt.milliseconds.rounded())) ms"
    switch receipt.result {
    case .done: print("number \(receipt.sequence): done in \(duration)")
    case .partial: print("number \(receipt.sequence): done in part after \(duration)")
    case .refused: print("number \(receipt.sequence): refused after \(duration), nothing has changed")
    }
}
