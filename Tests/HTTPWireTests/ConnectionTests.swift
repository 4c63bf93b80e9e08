import HTTPWire
import Testing

@Suite struct ConnectionTests {
    @Test(
        arguments: [
            ("HTTP/1.1", [], true), ("HTTP/1.1", ["close"], false), ("HTTP/1.1", ["Close"], false),
            ("HTTP/1.1", ["x, CLOSE ,y"], false),
            ("HTTP/1.1", ["keep-alive, close"], false), ("HTTP/1.1", ["keep-alive", "close"], false),
            ("HTTP/1.1", ["closed"], true),
            ("HTTP/1.1", ["x-close"], true), ("HTTP/1.1", [""], true), ("HTTP/1.1", [",,close"], false),
            ("HTTP/1.1", ["cl ose"], true),
            ("HTTP/1.2", [], true), ("HTTP/1.0", [], false), ("HTTP/1.0", ["keep-alive"], true),
            ("HTTP/1.0", ["Keep-Alive"], true),
            ("HTTP/1.0", ["keep-alive, close"], false), ("HTTP/1.0", ["te,keep-alive"], true),
            ("HTTP/1.0", ["keepalive"], false),
        ] as [(String, [String], Bool)])
    func decidesWhetherToKeepTheConnection(version: String, options: [String], keeps: Bool) {
        let lines = options.map { "Connection: \($0)\r\n" }.joined()
        #expect(verdict(on: "GET / \(version)\r\nHost: a\r\n\(lines)\r\n").head?.keepsAlive == keeps)
    }

    @Test(arguments: [
        ("HTTP/1.1", "Content-Length: 5", true), ("HTTP/1.1", "Transfer-Encoding: chunked", true),
        ("HTTP/1.1", "X: y", false),
        ("HTTP/1.1", "Content-Length: 0", false), ("HTTP/1.0", "Content-Length: 5", false),
    ])
    func expectsContinueOnlyWithABodyAndSinceHTTP11(version: String, framing: String, expects: Bool) {
        let text = "POST / \(version)\r\nHost: a\r\nExpect: 100-Continue\r\n\(framing)\r\n\r\n"
        #expect(verdict(on: text).head?.expectsContinue == expects)
    }

    @Test(arguments: [
        "", "100-continues", "100", "200-ok", "100-continue, x", "x, 100-continue", "100-continue;q=1", ",",
    ])
    func refusesAnotherExpectation(text: String) {
        #expect(verdict(on: request("Expect: \(text)")).refusal == .unknownExpectation)
        #expect(Refusal.unknownExpectation.status == .expectationFailed)
    }

    @Test func acceptsTheSameExpectationTwice() {
        #expect(verdict(on: request("Expect: 100-continue", "Expect: 100-continue")).head != nil)
        #expect(verdict(on: request("Expect: 100-continue", "Expect: x")).refusal == .unknownExpectation)
    }
}
