import MartletKit
import Testing

@Suite struct SpanTests {
    @Test func spansAreComparedAndDecoded() {
        func equal(_ count: Int, _ text: StaticString) -> Bool { bytes.span.extracting(first: count).equals(text) }
        func decoded(_ count: Int) -> String { String(decoding: bytes.span.extracting(first: count)) }
        let bytes = Array("quit\u{E9}".utf8)
        #expect(equal(4, "quit") && equal(0, ""))
        #expect(!equal(4, "quiz") && !equal(6, "quit") && !equal(0, "q"))
        #expect(decoded(6) == "quit\u{E9}")
        #expect(decoded(5) == "quit\u{FFFD}")
    }
}
