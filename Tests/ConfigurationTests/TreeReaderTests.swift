import Testing

@testable import Configuration

/// Answers that a damaged child may send.
struct TreeReaderTests {
    private let text = "a = [1, 'two', { b = 1.5 }]\n[c]\nd = 1979-05-27\n[[e]]\n[[ e ]]\nf = true"

    private func answer() -> [UInt8] { TOMLShim.answer(to: Array(text.utf8)) }

    private func outcome(_ answer: [UInt8], of text: String? = nil) -> TOMLParser.Outcome {
        TOMLParser.outcome(of: TOMLParser.Text(file: "x", text: text ?? self.text), answer: answer)
    }

    private func problem(_ answer: [UInt8], of text: String? = nil) -> String? {
        do throws(ConfigurationError) {
            _ = try outcome(answer, of: text).get()
            return nil
        } catch {
            return error.description
        }
    }

    @Test func readsWhatTheShimWrites() throws {
        let root = try outcome(answer()).get()
        #expect(root.keys == ["a", "c", "e"])
        #expect(root.position(of: ConfigurationKey(parsing: "e[1]")) == Position(line: 5, column: 4))
    }

    @Test func everyShorterAnswerIsRefused() {
        let whole = answer()
        for count in 0..<whole.count { #expect(problem(Array(whole[..<count])) != nil) }
        #expect(problem(whole + [0]) == "x: the parser's answer to this file cannot be read: expected the end")
    }

    /// A wrong byte never causes a trap, or a demand for more memory than the text can need.
    @Test func everyDamagedByteIsSurvived() {
        let whole = answer()
        for offset in whole.indices {
            for value in [0, 1, 0x7F, 0x80, 0xFF, UInt8(ascii: "t"), UInt8(ascii: "l")] {
                var damaged = whole
                damaged[offset] = value
                _ = problem(damaged)
            }
        }
    }

    @Test func contentThatTheTextCannotHaveIsRefused() {
        let refusal = "x: the parser's answer to this file cannot be read: "
        #expect(problem(answer(), of: "a = 1") == refusal + "a place outside the text")
        #expect(problem(answer(), of: "a") == refusal + "more values than the text has")
        #expect(problem(answer(), of: "") == refusal + "a text that is not valid")
        // Deeply nested lists.
        var deep: [UInt8] = [UInt8(ascii: "T"), 1, 0, 0, 0, 1, 0, 0, 0, UInt8(ascii: "a")]
        for _ in 0..<1000 { deep += [1, 0, 0, 0, 1, 0, 0, 0, UInt8(ascii: "l"), 1, 0, 0, 0] }
        #expect(problem(deep, of: String(repeating: "a", count: 5000)) == refusal + "more values than the text has")
    }

    @Test func aProblemOutsideTheTextHasNoPosition() {
        let message: [UInt8] = [2, 0, 0, 0, UInt8(ascii: "n"), UInt8(ascii: "\n")]
        #expect(problem([UInt8(ascii: "E"), 0, 0, 0, 0, 0, 0, 0, 0] + message) == "x: n\\n")
        #expect(problem([UInt8(ascii: "E"), 255, 0, 0, 0, 1, 0, 0, 0] + message) == "x: n\\n")
        #expect(problem([UInt8(ascii: "E"), 2, 0, 0, 0, 1, 0, 0, 0] + message) == "x:2:1: n\\n")
    }

    /// The answers to files with many values stay below the limit.
    @Test(arguments: ["a=[" + String(repeating: "1,", count: 5000) + "]", String(repeating: "[[a]]\n", count: 1000)])
    func answersAreBelowTheLimit(text: String) {
        let count = TOMLShim.answer(to: Array(text.utf8)).count
        #expect(count < TreeReader.sizeLimit(ofText: text.utf8.count))
    }
}
