import MartletKit
import TestInput
import Testing

@Suite struct LineReaderTests {
    /// Reads input in pieces, as the host presents it to a session. Returns the lines, with `!` before a line that is too
    /// long, and the number of unconsumed bytes.
    private func read(_ pieces: [[UInt8]], maximum: Int) -> (lines: [String], rest: Int) {
        var reader = LineReader(maximum: maximum)
        var waiting: [UInt8] = []
        var lines: [String] = []
        for piece in pieces {
            waiting += piece
            var position = 0
            while let line = reader.next(in: waiting.span, at: &position) {
                lines.append((line.isTooLong ? "!" : "") + String(decoding: waiting[line.bytes], as: UTF8.self))
            }
            waiting.removeFirst(position)
        }
        return (lines, waiting.count)
    }

    @Test(arguments: [
        ("a\nbc\r\n\nd", ["a", "bc", ""], 1), ("", [], 0), ("\r\n\r\r\n", ["", "\r"], 0), ("\r", [], 1),
        ("12345\r\n12345\n", ["12345", "12345"], 0), ("123456\nab\n", ["!12345", "ab"], 0),
        ("12345\rx\nab\n", ["!12345", "ab"], 0), ("1234567890", ["!12345"], 0), ("12345\r", [], 6),
        ("1234567\n\n1234567\nz", ["!12345", "", "!12345"], 1),
    ])
    func linesDoNotDependOnTheSplit(_ text: String, _ lines: [String], _ rest: Int) {
        let bytes = Array(text.utf8)
        let whole = read([bytes], maximum: 5)
        #expect(whole.lines == lines)
        #expect(whole.rest == rest)
        for size in 1...3 {
            let pieces = stride(from: 0, to: bytes.count, by: size).map {
                Array(bytes[$0..<min($0 + size, bytes.count)])
            }
            let split = read(pieces, maximum: 5)
            #expect(split.lines == lines, "in pieces of \(size)")
            #expect(split.rest == rest, "in pieces of \(size)")
        }
    }

    @Test(arguments: 0..<200 as Range<UInt64>)
    func randomInputGivesTheSameLinesForAnySplit(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let bytes = (0..<300).map { _ in Array("ab\r\n".utf8).randomElement(using: &random)! }
        let maximum = Int.random(in: 0...6, using: &random)
        var pieces: [[UInt8]] = []
        var start = 0
        while start < bytes.count {
            let end = min(start + Int.random(in: 1...9, using: &random), bytes.count)
            pieces.append(Array(bytes[start..<end]))
            start = end
        }
        let whole = read([bytes], maximum: maximum)
        #expect(read(pieces, maximum: maximum) == whole, "seed \(seed)")
        #expect(whole.lines == reference(bytes, maximum: maximum), "seed \(seed)")
    }

    /// A simple implementation of the same.
    private func reference(_ bytes: [UInt8], maximum: Int) -> [String] {
        var lines = bytes.split(separator: 10, omittingEmptySubsequences: false).map(Array.init)
        let last = lines.removeLast()
        var found = lines.map { line in
            let line = line.last == 13 ? Array(line.dropLast()) : line
            let text = String(decoding: line.prefix(maximum), as: UTF8.self)
            return line.count > maximum ? "!" + text : text
        }
        let tooLong = last.count > maximum + 1 || (last.count == maximum + 1 && last.last != 13)
        if tooLong { found.append("!" + String(decoding: last.prefix(maximum), as: UTF8.self)) }
        return found
    }

    /// The reader does not search bytes again that it has searched: it does not see an LF that is put there later.
    @Test func searchesAnUnfinishedLineOnce() {
        var reader = LineReader(maximum: 100)
        var position = 0
        #expect(reader.next(in: Array("abcdef".utf8).span, at: &position) == nil)
        #expect(position == 0)
        let line = reader.next(in: Array("abc\nefg\n".utf8).span, at: &position)
        #expect(line?.bytes == 0..<7)
        position = 0
        reader.forget()
        #expect(reader.next(in: Array("abc\nefg\n".utf8).span, at: &position)?.bytes == 0..<3)
    }

    @Test func anUnconsumedLineIsPresentedAgain() throws {
        var reader = LineReader(maximum: 100)
        var position = 0
        let input = Array("one\ntwo\n".utf8)
        _ = reader.next(in: input.span, at: &position)
        let second = try #require(reader.next(in: input.span, at: &position))
        let rest = Array(input[second.bytes.lowerBound...])
        position = 0
        #expect(reader.next(in: rest.span, at: &position)?.bytes == 0..<3)
        #expect(position == 4)
    }
}
