import MartletKitTesting

@testable import RESPPlugin

/// Where keys can be: in memory, or in a database.
let stores = ["memory", "main"]

extension OptionLiteral {
    /// These options, with the store.
    func with(store: String) -> OptionLiteral {
        guard case .table(let members) = self else { return self }
        return .table(members + [("store", .text(store))])
    }
}

/// A client on a simulated connection. Answers are texts as they are on the wire, with `|` instead of CR LF.
final class Client {
    private let host: SimulatedHost
    let connection: SimulatedConnection
    var split = InputSplit.whole

    init(_ host: SimulatedHost, loop: Int = 0) {
        self.host = host
        connection = host.connect(loop: loop)
    }

    /// Sends a command, words separated by blanks, and returns the answer. A `_` stands for a blank within a word.
    func callAsFunction(_ command: String) -> String {
        send(command.split(separator: " ").map { String($0).replacing("_", with: " ") })
    }

    func send(_ words: [String]) -> String {
        connection.send(Self.framed(words), split: split)
        return answers
    }

    func raw(_ text: String) -> String {
        connection.send(text, split: split)
        return answers
    }

    /// What has come since the last call.
    var answers: String {
        host.runWork()
        return connection.takeText().replacing("\r\n", with: "|") as String
    }

    static func framed(_ words: [String]) -> String {
        "*\(words.count)\r\n" + words.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()
    }
}
