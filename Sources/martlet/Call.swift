import ArgumentParser
import Instances
import Operations
import PluginHost
import Server

struct Call: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Call an operation of a running plugin, or list what can be called.",
        discussion: """
            Calls the generation that gets new connections. Arguments are checked against the operation's signature. The \
            types are bool, i32, u32, i64, u64, f64, cstr (text) and bytes (text, or hex:00ff). An operation that runs on \
            each event loop has one result per loop, and numbers are also added up. Put -- before arguments that begin \
            with a dash.

            EXAMPLES
              martlet call                                  list the operations of all listeners
              martlet call http                             list those of one listener
              martlet call http set_text / "Back at noon"
              martlet call echo total_bytes --json
              martlet call counter add -- -5

            EXIT STATUS
              0   done
              1   refused, or failed: the message says why
              3   no server answers
            """)

    @Argument(help: "The listener's name.")
    var listener: String?

    @Argument(help: "The operation's name. Without it, operations are listed.")
    var operation: String?

    @Argument(help: "The operation's arguments.")
    var arguments: [String] = []

    @OptionGroup var server: ServerOptions

    func run() throws {
        var question = ControlQuestion(.call)
        question.listener = listener
        question.operation = operation
        question.arguments = arguments
        let answer = try server.ask(question)
        if let report = answer.called {
            if server.json { try printJSON(report) } else { show(report) }
        } else if let rows = answer.operations {
            if server.json { try printJSON(rows) } else { show(rows) }
        }
    }

    private func show(_ report: OperationReport) {
        guard report.results.contains(where: { $0.value != .nothing }) else {
            return report.operation.returnsNothing ? () : print("(nothing)")
        }
        if let sum = report.sum {
            let parts = report.results.map { "loop \($0.loop ?? 0): \($0.value.text)" }
            print("\(sum.text)  (\(parts.joined(separator: ", ")))")
        } else if report.results.count > 1 {
            for result in report.results { print("loop \(result.loop ?? 0): \(result.value.text)") }
        } else {
            print(report.results[0].value.text)
        }
    }

    private func show(_ rows: [OperationRow]) {
        guard !rows.isEmpty else { return print("no operations") }
        printTable(
            [["LISTENER", "OPERATION", "RUNS ON", "WHAT"]]
                + rows.map { row in
                    [row.listener, row.operation.usage, row.operation.place.phrase, row.operation.help]
                })
    }
}

extension OperationDescription.Place {
    /// How `martlet call` prints it.
    var phrase: String {
        switch self {
        case .control: "control thread"
        case .loops: "each loop"
        case .worker: "a worker"
        }
    }
}
