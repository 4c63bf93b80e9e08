import HTTPWire
import Testing

@Suite struct RequestLineTests {
    @Test func readsEachPart() throws {
        let head = try #require(verdict(on: "GET /a/b?c=d?e HTTP/1.1\r\nHost: h:1\r\n\r\nrest").head)
        #expect(head.method == .get && head.methodName == "GET")
        #expect(head.target == "/a/b?c=d?e" && head.path == "/a/b" && head.query == "c=d?e")
        #expect(head.version == .http11 && head.host == "h:1" && head.keepsAlive)
        #expect(head.framing == .none && !head.expectsContinue)
        #expect(head.length == 38)
    }

    @Test(arguments: [
        ("GET", RequestMethod.get), ("HEAD", .head), ("POST", .post), ("PUT", .put), ("DELETE", .delete),
        ("OPTIONS", .options), ("TRACE", .trace), ("PATCH", .patch),
    ])
    func knowsTheMethod(name: String, method: RequestMethod) {
        #expect(verdict(on: request(line: "\(name) / HTTP/1.1")).head?.method == method)
    }

    @Test(arguments: ["get", "Get", "GETS", "PROPFIND", "M-SEARCH", "XXX", "X", "CONNECT", "!#$%&'*+-.^_`|~9"])
    func refusesAMethodThatIsNotImplemented(name: String) {
        #expect(verdict(on: request(line: "\(name) / HTTP/1.1")).refusal == .methodNotImplemented)
    }

    @Test func acceptsOtherMethodsWhenAsked() {
        let limits = RequestLimits(acceptsOtherMethods: true)
        let head = verdict(on: request(line: "PROPFIND / HTTP/1.1"), limits).head
        #expect(head?.method == .other && head?.methodName == "PROPFIND")
        #expect(verdict(on: request(line: "CONNECT a:1 HTTP/1.1"), limits).refusal == .methodNotImplemented)
    }

    @Test func refusesAnEndlessMethodBeforeItsEnd() {
        #expect(verdict(on: String(repeating: "A", count: 32)) == .needMore)
        #expect(verdict(on: String(repeating: "A", count: 33)).refusal == .methodNotImplemented)
    }

    @Test(arguments: [
        "GET  / HTTP/1.1", " GET / HTTP/1.1", "GET /  HTTP/1.1", "GET / HTTP/1.1 ", "GET\t/ HTTP/1.1",
        "GET /\tHTTP/1.1",
        "GET /", "GET", "GET ", "GET / ", "GET / HTTP", "GET / HTTP/", "GET / HTTP/1", "GET / HTTP/1.",
        "GET / http/1.1",
        "GET / HTTP/1,1", "GET / HTTP/1.10", "GET / HTTP/11.1", "GET / HTTP/a.1", "GET / HTTP/1.a", "GET / HTTPS/1.1",
        "GET / FTP/1.1", "G(T / HTTP/1.1", "G\u{0}T / HTTP/1.1", "GET /a b HTTP/1.1", "GET /\u{7F} HTTP/1.1",
        "GET /\u{E9} HTTP/1.1", "GET /\u{1} HTTP/1.1", "G\u{16}T / HTTP/1.1", ":method: GET",
    ])
    func refusesAMalformedLine(line: String) {
        #expect(verdict(on: request(line: line)).refusal == .malformedRequestLine)
    }

    @Test func saysThatItHearsTLS() {
        #expect(verdict(on: "\u{16}\u{3}\u{1}").refusal == .tls)
        #expect(verdict(on: "\r\n\u{16}").refusal == .tls)
    }

    @Test func refusesLineEndsThatAreNotCRLF() {
        #expect(verdict(on: "GET / HTTP/1.1\nHost: a\n\n").refusal == .bareLineFeed)
        #expect(verdict(on: "\nGET / HTTP/1.1\r\n").refusal == .bareLineFeed)
        #expect(verdict(on: "GET /\n").refusal == .bareLineFeed)
        #expect(verdict(on: "GET / HTTP/1.1\rHost: a\r\r").refusal == .bareCarriageReturn)
        #expect(verdict(on: "\rGET / HTTP/1.1\r\n").refusal == .bareCarriageReturn)
    }

    @Test(arguments: [
        ("HTTP/1.0", RequestHead.Version.http10), ("HTTP/1.1", .http11), ("HTTP/1.2", .http11), ("HTTP/1.9", .http11),
    ])
    func readsTheVersion(text: String, version: RequestHead.Version) {
        #expect(verdict(on: request(line: "GET / \(text)")).head?.version == version)
    }

    @Test(arguments: ["HTTP/2.0", "HTTP/3.1", "HTTP/0.9", "HTTP/9.9"])
    func refusesAnotherMajorVersion(text: String) {
        #expect(verdict(on: request(line: "GET / \(text)")).refusal == .versionNotSupported)
        #expect(Refusal.versionNotSupported.status == .httpVersionNotSupported)
    }

    @Test func refusesThePrefaceOfHTTP2() {
        #expect(verdict(on: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").refusal == .versionNotSupported)
    }

    @Test func toleratesTwoEmptyLinesBeforeTheRequest() {
        #expect(verdict(on: "\r\n\r\n" + request()).head?.length == request().utf8.count + 4)
        #expect(verdict(on: "\r\n\r\n\r\n" + request()).refusal == .tooManyEmptyLines)
    }
}
