import Testing

@testable import Configuration

struct DefaultLiteralTests {
    @Test(
        arguments: [
            ("true", .boolean(true)), ("0", .integer(0)), ("1024", .integer(1024)), ("0.05", .number(0.05)),
            ("[]", .list([])),
            ("\"\"", .text("")), ("\"64KiB\"", .text("64KiB")), ("\"a [b] # c\"", .text("a [b] # c")),
        ] as [(String, ConfigurationValue.Content)])
    func plainLiteralsAreReadAsTOMLReadsThem(literal: String, content: ConfigurationValue.Content) throws {
        #expect(DefaultLiteral.plain(literal) == content)
        #expect(try tree("a = " + literal)["a"]?.content == content)
    }

    @Test(arguments: [
        "01", "1.", ".5", "1.2.3", "", "\"", "\"a\"b\"", "\"a\\n\"", "\"é\"", "'a'", "[1]", "0x1", "1_0",
        "99999999999999999999",
        "True", " 1",
    ])
    func otherLiteralsAreLeftToTheParser(literal: String) {
        #expect(DefaultLiteral.plain(literal) == nil)
    }

    /// Plain defaults spare each start a parser.
    @Test func theDefaultsOfThisProgramArePlain() {
        let defaults = ConfigurationReference.entries.compactMap(\.default)
        #expect(defaults.count > 50)
        #expect(defaults.filter { DefaultLiteral.plain($0) == nil } == [])
    }
}
