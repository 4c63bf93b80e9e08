import TestInput
import Testing

@testable import RESPWire

@Suite struct RequestParserTests {
    /// What the parser finds in a stream, one after the other.
    enum Found: Equatable {
        case command([String])
        case line(String)
        case nothing
        case refused(RequestError)
    }

    @Test func findsCommands() {
        #expect(parse("*1\r\n$4\r\nPING\r\n") == [.command(["PING"])])
        #expect(parse("*2\r\n$3\r\nGET\r\n$0\r\n\r\n*0\r\n*-1\r\n") == [.command(["GET", ""]), .nothing, .nothing])
        #expect(parse("*2\r\n$4\r\nECHO\r\n$4\r\na\r\nb\r\n") == [.command(["ECHO", "a\r\nb"])])
        #expect(parse("PING\r\n\r\nget key\n") == [.line("PING"), .nothing, .line("get key")])
        let many = (0..<30).map { "argument \($0)" }
        #expect(parse(framed(many) + framed(["x"])) == [.command(many), .command(["x"])])
    }

    @Test(arguments: [
        ("*1x\r\n", RequestError.invalidCount), ("*\r\n", .invalidCount), ("*01\r\n", .invalidCount),
        ("*1\rx", .invalidCount), ("*9999999999\r\n", .invalidCount), ("*1025\r\n", .invalidCount),
        ("*" + String(repeating: "1", count: 40), .countTooLong), ("*1\r\nx", .expectedBulk(found: 0x78)),
        ("*1\r\n$-1\r\n", .invalidLength), ("*1\r\n$x\r\n", .invalidLength), ("*1\r\n$1025\r\n", .invalidLength),
        ("*1\r\n$" + String(repeating: "1", count: 40), .lengthTooLong), ("*1\r\n$1\r\nabc", .missingEnd),
        ("*1\r\n$1\r\na\rx", .missingEnd), (String(repeating: "x", count: 300), .inlineTooLong),
        ("*99999999999999999999999999\r\n", .invalidCount), ("*-0\r\n", .invalidCount),
    ])
    func refusesWhatIsNone(text: String, error: RequestError) {
        #expect(parse(text) == [.refused(error)])
        for split in splits { #expect(parse(text, split) == [.refused(error)]) }
    }

    private let splits: [InputSplit] = [.everyByte, .pieces(of: 2), .pieces(of: 3), .pieces(of: 7)]

    /// Every place at which a stream can be cut in two.
    @Test func findsTheSameWhereverTheInputIsCut() {
        let text =
            framed(["SET", "key", "a value\r\nof two lines"]) + "inline  command\r\n" + "\r\n" + "*0\r\n"
            + framed((0..<12).map { "\($0)" }) + framed(["GET", ""])
        let whole = parse(text)
        #expect(whole.count == 6)
        for cut in 1..<text.utf8.count { #expect(parse(text, .pieces(of: cut)) == whole, "cut at \(cut)") }
        for seed in UInt64(1)...50 { #expect(parse(text, .random(seed: seed, largest: 9)) == whole, "seed \(seed)") }
    }

    /// The parser never asks for more than the command needs, and so never waits for ever.
    @Test func asksForNoMoreThanTheCommandHas() {
        let text = Array(framed(["MSET", "a", "1", "longer key", "longer value", "", "", "x", "y"]).utf8)
        for count in 0..<text.count {
            var request = Request()
            let part = Array(text[..<count])
            guard case .needMore(let total) = RequestParser.parse(part.span, from: 0, limits: limits, into: &request)
            else {
                Issue.record("\(count) bytes: expected an incomplete command")
                return
            }
            #expect(total > count && total <= text.count)
        }
    }

    @Test(arguments: UInt64(1)...200)
    func survivesRandomInput(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let letters = Array("*$-0123459\r\n\r\n\r\nGETxy\"' \\".utf8)
        let bytes = (0..<generator.below(120)).map { _ in letters[generator.below(letters.count)] }
        let whole = parse(bytes, .whole)
        for split in splits { #expect(parse(bytes, split) == whole, "seed \(seed)") }
    }

    private let limits = RequestLimits(arguments: 1_024, bulkBytes: 1_024, inlineBytes: 200)

    private func framed(_ words: [String]) -> String {
        "*\(words.count)\r\n" + words.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()
    }

    private func parse(_ text: String, _ split: InputSplit = .whole) -> [Found] { parse(Array(text.utf8), split) }

    private func parse(_ bytes: [UInt8], _ split: InputSplit) -> [Found] {
        var (found, input, start) = ([Found](), [UInt8](), 0)
        for piece in split.pieces(of: bytes) {
            input += piece
            while start < input.count {
                var request = Request()
                switch RequestParser.parse(input.span, from: start, limits: limits, into: &request) {
                case .needMore(let total):
                    #expect(total > input.count - start)
                    break
                case .request(let count):
                    let words = (0..<request.count).map { text(input, request.argument($0, in: input.span)) }
                    found.append(.command(words))
                    start += count
                    continue
                case .line(let range, let count):
                    found.append(.line(text(input, range)))
                    start += count
                    continue
                case .nothing(let count):
                    found.append(.nothing)
                    start += count
                    continue
                case .refused(let error): return found + [.refused(error)]
                }
                break
            }
        }
        return found
    }

    private func text(_ input: [UInt8], _ range: ArgumentRange) -> String {
        String(decoding: input[range.start..<range.end], as: UTF8.self)
    }
}
