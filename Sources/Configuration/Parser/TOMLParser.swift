/// Makes trees of values out of texts. Where that happens is the parser's choice: a server takes `child`, because no library is trusted
/// with a damaged file.
package struct TOMLParser: Sendable {
    package struct Text: Sendable {
        /// For messages.
        package var file: String
        package var text: String
    }

    package typealias Outcome = Result<ConfigurationTable, ConfigurationError>

    private let body: @Sendable ([Text]) -> [Outcome]

    init(_ body: @escaping @Sendable ([Text]) -> [Outcome]) { self.body = body }

    /// As many as there are texts, in their order.
    func parse(_ texts: [Text]) -> [Outcome] {
        guard !texts.isEmpty else { return [] }
        let outcomes = body(texts)
        precondition(outcomes.count == texts.count)
        return outcomes
    }

    /// In this process: for tests and fuzzers.
    package static let inProcess = TOMLParser { texts in
        texts.map { outcome(of: $0, answer: TOMLShim.answer(to: Array($0.text.utf8))) }
    }

    /// What an answer of toml++ says, which may come from anywhere.
    static func outcome(of text: Text, answer: [UInt8]) -> Outcome {
        do throws(TreeReader.Damage) {
            var reader = TreeReader(answer, of: text.text)
            switch try reader.read() {
            case .tree(let root): return .success(root)
            case .problem(let position, let message):
                return .failure(
                    ConfigurationError([Diagnostic(file: text.file, position: position, message: printable(message))]))
            }
        } catch {
            return failure(of: text, "the parser's answer to this file cannot be read: \(error.message)")
        }
    }

    /// For want of a parser, rather than for what the text says.
    static func failure(of text: Text, _ message: String) -> Outcome {
        .failure(ConfigurationError([Diagnostic(file: text.file, message: message)]))
    }
}
