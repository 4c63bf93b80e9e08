/// Parses texts into trees of values, in this process or in a child. A server uses `child`, because no library is trusted with a
/// damaged file.
package struct TOMLParser: Sendable {
    package struct Text: Sendable {
        /// For messages.
        package var file: String
        package var text: String
    }

    package typealias Outcome = Result<ConfigurationTable, ConfigurationError>

    private let body: @Sendable ([Text]) -> [Outcome]

    init(_ body: @escaping @Sendable ([Text]) -> [Outcome]) { self.body = body }

    /// Returns one outcome per text, in the order of the texts.
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

    /// Reads an answer of toml++, which is not trusted.
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

    /// A failure of the parser, not of the text.
    static func failure(of text: Text, _ message: String) -> Outcome {
        .failure(ConfigurationError([Diagnostic(file: text.file, message: message)]))
    }
}
