import TestInput
import Testing

@testable import RESPWire

@Suite struct InlineCommandTests {
    @Test(
        arguments: [
            ("get key", ["get", "key"]), ("  set\ta  b ", ["set", "a", "b"]), (#"set a "b c""#, ["set", "a", "b c"]),
            (#"x "\x41\n\"\\" "#, ["x", "A\n\"\\"]), (#"x 'it''"#, nil), (#"x 'it\'s \n'"#, ["x", #"it's \n"#]),
            (#"x """#, ["x", ""]), (#"x "a"#, nil), (#"x "a"b"#, nil), ("   ", []), (#"a\b"#, [#"a\b"#]),
            (#"x "\xZZ""#, ["x", "xZZ"]),
        ] as [(String, [String]?)])
    func splitsWords(line: String, words: [String]?) {
        let framed = try? InlineCommand.framed(Array(line.utf8).span)
        guard let words else {
            #expect(framed == nil)
            return
        }
        let expected =
            words.isEmpty ? "" : "*\(words.count)\r\n" + words.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()
        #expect(framed.map { String(decoding: $0, as: UTF8.self) } == expected)
    }
}

@Suite struct GlobTests {
    @Test(arguments: [
        ("*", "", true), ("*", "abc", true), ("a?c", "abc", true), ("a?c", "ac", false), ("a*c", "abbbc", true),
        ("a*c*e", "abcde", true), ("a*c*e", "abcd", false), ("[a-c]x", "bx", true), ("[c-a]x", "bx", true),
        ("[^a-c]x", "bx", false), ("[^a-c]x", "dx", true), (#"a\*"#, "a*", true), (#"a\*"#, "ab", false),
        (#"[\]]"#, "]", true), ("[abc", "b", true), ("[abc", "d", false), ("", "", true), ("", "a", false),
        ("a", "A", false), (#"\"#, #"\"#, true), ("a**b", "ab", true), ("[", "a", false), ("[^", "a", true),
    ])
    func matches(pattern: String, text: String, isMatch: Bool) {
        let matches = Glob.matches(Array(text.utf8).span, Array(pattern.utf8).span)
        #expect(matches == isMatch)
    }

    /// A pattern that takes years to match if each `*` tries all lengths.
    @Test func isFastForEveryPattern() {
        let pattern = [UInt8](String(repeating: "a*", count: 200).utf8) + [0x62]
        let text = [UInt8](repeating: 0x61, count: 2_000)
        let matches = Glob.matches(text.span, pattern.span)
        #expect(!matches)
    }
}

@Suite struct NumberTests {
    @Test(
        arguments: [
            ("0", 0), ("1", 1), ("-1", -1), ("9223372036854775807", .max), ("-9223372036854775808", .min),
            ("9223372036854775808", nil), ("-9223372036854775809", nil), ("", nil), ("-", nil), ("01", nil),
            ("-0", nil),
            ("+1", nil), (" 1", nil), ("1 ", nil), ("1.0", nil), ("99999999999999999999", nil), ("a", nil),
        ] as [(String, Int64?)])
    func readsIntegers(text: String, value: Int64?) {
        let read = Number.integer(Array(text.utf8).span)
        #expect(read == value)
        guard let value else { return }
        var bytes = [UInt8](repeating: 0, count: 20)
        var span = bytes.mutableSpan
        let count = Number.write(value, into: &span)
        #expect(String(decoding: bytes[..<count], as: UTF8.self) == text)
    }

    @Test(
        arguments: [
            ("10.5", 10.5), ("3.0e3", 3_000), ("-5e-1", -0.5), ("inf", nil), ("nan", nil), ("0x10", nil), ("", nil),
            ("1e400", nil), ("5", 5),
        ] as [(String, Double?)])
    func readsReals(text: String, value: Double?) {
        let read = Number.real(Array(text.utf8).span)
        #expect(read == value)
    }

    @Test(arguments: [
        (10.6, "10.6"), (3_000, "3000"), (5e20, "500000000000000000000"), (-1.5e-7, "-0.00000015"), (0, "0"),
        (1.25e17, "125000000000000000"), (-2.5, "-2.5"), (1.234e16, "12340000000000000"),
    ])
    func writesReals(value: Double, text: String) { #expect(Number.text(value) == text) }
}
