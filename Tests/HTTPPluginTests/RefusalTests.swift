import MartletKitTesting
import Testing

@testable import HTTPPlugin

/// A malformed request gets its status and `Connection: close`, and nothing after it is answered.
@Suite struct RefusalTests {
    static let malformed: [(String, Int)] = [
        ("GET /\r\n\r\n", 400), ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400), ("\r\n\r\n\r\nGET / HTTP/1.1", 400),
        ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505), ("GET / HTTP/1.1\nHost: a\n\n", 400),
        ("GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", 400), ("GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400), ("GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost:\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: a\u{0}b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nX\u{1}: b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", 400), ("BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
        ("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: a-miracle\r\nContent-Length: 1\r\n\r\nx", 417),
        ("GET /%2 HTTP/1.1\r\nHost: a\r\n\r\n", 400), ("GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET /a%2fb HTTP/1.1\r\nHost: a\r\n\r\n", 400), ("GET /a%00 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET /../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET /a/%2e%2e/../x HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET /\(String(repeating: "a", count: 300)) HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "a", count: 600))\r\n\r\n", 431),
        ("GET / HTTP/1.1\r\nHost: a\r\n\(String(repeating: "X: y\r\n", count: 10))\r\n", 431),
        ("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n", 413),
        ("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n", 413),
        ("POST /hello HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n", 413),
    ]

    /// Framing that can be read in two ways: it can hide one request in another (request smuggling, RFC 9112 11.2).
    static let smuggling: [(String, Int)] = [
        ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        ("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400),
        ("Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400), ("Content-Length: 5, 5\r\n\r\nhello", 400),
        ("Content-Length: +5\r\n\r\nhello", 400), ("Content-Length: 0x5\r\n\r\nhello", 400),
        ("Content-Length: 5 \u{0}\r\n\r\nhello", 400), ("Content-Length: -1\r\n\r\n", 400),
        ("Content-Length: 18446744073709551621\r\n\r\nhello", 400), ("Content-Length:\r\n\r\nhello", 400),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        ("Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400),
        ("Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", 400), ("Transfer-Encoding: gzip\r\n\r\n0\r\n\r\n", 501),
        ("Transfer-Encoding: \u{B}chunked\r\n\r\n0\r\n\r\n", 400),
        ("Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400),
        ("Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n", 400),
        ("Transfer-Encoding: chunked;x=y\r\n\r\n0\r\n\r\n", 400),
        ("X: y\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        ("Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n", 400),
        ("Transfer-Encoding: chunked\r\n\r\n+1\r\na\r\n0\r\n\r\n", 400),
        ("Transfer-Encoding: chunked\r\n\r\n1\na\n0\n\n", 400),
        ("Transfer-Encoding: chunked\r\n\r\n1;a=\n\r\na\r\n0\r\n\r\n", 400),
        ("Transfer-Encoding: chunked\r\n\r\n1 \r\na\r\n0\r\n\r\n", 400),
        ("Transfer-Encoding: chunked\r\n\r\n00000000000000001\r\na\r\n0\r\n\r\n", 400),
        ("Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\na\r\n0\r\n\r\n", 413),
        ("Transfer-Encoding: chunked\r\n\r\n0\r\nX : y\r\n\r\n", 400),
    ]

    private static let limits: [String: OptionLiteral] = [
        "max_request_line": 256, "max_headers": 512, "max_header_count": 8, "max_body": 100,
    ]

    private func expectRefusal(of request: String, with status: Int) throws {
        let client = try Client(options: Self.limits)
        client.connection.send(request + "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
        let answers = try Answer.all(client.connection.takeOutput())
        #expect(answers.map(\.status) == [status], "\(request.debugDescription)")
        #expect(answers.first?.connection == "close")
        #expect(answers.first?["Content-Type"] == "text/plain; charset=utf-8")
        #expect(client.connection.end == .closed(.plugin), "\(request.debugDescription)")
        #expect(client.host.metric("malformed_requests_total{status=\"\(status)\"}") == 1)
        #expect(client.host.requests.map { Int($0.status) } == [status])
        #expect(client.host.shutDown() == [])
    }

    @Test(arguments: malformed) func refusesAndCloses(request: String, status: Int) throws {
        try expectRefusal(of: request, with: status)
    }

    @Test(arguments: smuggling) func refusesAmbiguousFraming(fields: String, status: Int) throws {
        for target in ["/echo", "/hello", "/none/../page"] {
            try expectRefusal(of: "POST \(target) HTTP/1.1\r\nHost: a\r\n\(fields)", with: status)
        }
    }

    /// RFC 9110 9.3.2: an answer to HEAD has no content, whatever its status; its fields are those of the answer to GET.
    @Test(arguments: malformed.filter { $0.0.hasPrefix("GET ") }, [InputSplit.whole, .everyByte])
    func answersARefusedHEADWithoutContent(refusal: (request: String, status: Int), split: InputSplit) throws {
        let client = try Client(options: Self.limits)
        let next = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"
        client.connection.send(refusal.request + next, split: split)
        let get = try Answer(only: client.connection.takeOutput())
        client.reconnect()
        client.connection.send("HEAD" + refusal.request.dropFirst(3) + next, split: split)
        let head = try Answer(only: client.connection.takeOutput(), isHead: true)
        #expect(head.status == refusal.status && get.status == refusal.status)
        #expect(head.fields.map(\.name) == get.fields.map(\.name))
        #expect(head.fields.map(\.value) == get.fields.map(\.value))
        #expect(head["Content-Length"] == "\(get.content.count)" && !get.content.isEmpty)
        #expect(client.connection.end == .closed(.plugin))
        #expect(client.host.requests.last?.method == "HEAD")
    }

    /// Requests that are refused because of the body, or because of the path after the head is complete.
    @Test(arguments: [
        ("HEAD /hello HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        ("HEAD /hello HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n", 413),
        ("\r\nHEAD /../x HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("HEAD /hello HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
    ])
    func answersAHEADRefusedAfterItsHeadWithoutContent(request: String, status: Int) throws {
        let client = try Client(options: Self.limits)
        client.connection.send(request)
        #expect(try Answer(only: client.connection.takeOutput(), isHead: true).status == status)
        #expect(client.connection.end == .closed(.plugin))
    }

    /// A request that is not HEAD, or cannot be recognised as HEAD, gets an answer with content.
    @Test(arguments: [
        ("head / HTTP/1.1\r\nHost: a\r\n\r\n", 501), ("HEADS / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
        ("HEAD\r\n\r\n", 400), ("HEAD\t/ HTTP/1.1\r\n\r\n", 400), (" HEAD / HTTP/1.1\r\n\r\n", 400),
        ("\r\n\r\n\r\nHEAD / HTTP/1.1\r\n\r\n", 400),
    ])
    func sendsContentForOtherMethods(request: String, status: Int) throws {
        let client = try Client(options: Self.limits)
        client.connection.send(request)
        let answer = try Answer(only: client.connection.takeOutput())
        #expect(answer.status == status)
        #expect(!answer.content.isEmpty)
    }

    @Test func refusesTransferEncodingInHTTP10() throws {
        try expectRefusal(
            of: "POST /echo HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            with: 400)
    }

    /// A head that never ends is refused at the limit, byte by byte as well as in one piece.
    @Test func limitsAHeadThatNeverEnds() throws {
        for start in ["GET /", "GET / HTTP/1.1\r\nHost: a\r\nX: "] {
            let client = try Client(options: Self.limits)
            client.connection.send(start + String(repeating: "a", count: 2_000), split: .everyByte)
            let answer = try Answer(only: client.connection.takeOutput())
            #expect(answer.status == (start.hasSuffix("/") ? 414 : 431))
        }
    }
}
