import MartletKitTesting
import Testing

@testable import HTTPPlugin

/// RFC 9110 10.1.1.
@Suite struct ExpectTests {
    private let fields = "Host: a\r\nExpect: 100-Continue\r\nContent-Length: 5\r\n\r\n"

    @Test func sendsContinueForABodyThatIsNeeded() throws {
        let client = try Client()
        #expect(
            client.exchange("POST /echo HTTP/1.1\r\n\(fields)").hasPrefix(
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"))
        #expect(client.exchange("hello") == "hello")
        #expect(client.isOpen)
        #expect(client.host.shutDown() == [])
    }

    @Test func sendsContinueBeforeAChunkedBody() throws {
        let client = try Client()
        #expect(
            client.exchange(
                "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n")
                == "HTTP/1.1 100 Continue\r\n\r\n")
        #expect(try Answer(only: Array(client.exchange("2\r\nhi\r\n0\r\n\r\n").utf8)).text == "hi")
    }

    @Test func sendsNoContinueIfTheBodyIsAlreadyArriving() throws {
        let client = try Client()
        let output = client.exchange("POST /echo HTTP/1.1\r\n\(fields)hel")
        #expect(output.hasPrefix("HTTP/1.1 200 OK\r\n"))
    }

    /// After this answer the peer may or may not send the body, so the start of a next request is unknown.
    @Test(arguments: [
        ("POST", "/hello", 405), ("POST", "/none/..", 405), ("GET", "/hello", 200), ("DELETE", "/echo", 405),
    ])
    func answersAndClosesIfTheBodyIsNotNeeded(method: String, target: String, status: Int) throws {
        let client = try Client()
        let answer = try Answer(only: Array(client.exchange("\(method) \(target) HTTP/1.1\r\n\(fields)").utf8))
        #expect(answer.status == status)
        #expect(answer.connection == "close")
        #expect(client.connection.end == .closed(.plugin))
    }

    @Test func refusesATooLargeBodyBeforeItIsSent() throws {
        let client = try Client(options: ["max_body": 4])
        let answer = try Answer(only: Array(client.exchange("POST /echo HTTP/1.1\r\n\(fields)").utf8))
        #expect(answer.status == 413)
        #expect(answer.connection == "close")
    }

    @Test func ignoresExpectInHTTP10AndWithoutABody() throws {
        let client = try Client()
        #expect(
            try client.request(
                "POST", "/echo", ["Expect: 100-continue", "Content-Length: 2"], body: "hi", version: "1.0"
            ).text == "hi")
        #expect(try client.status("GET", "/hello", ["Expect: 100-continue"]) == 200)
        #expect(client.isOpen)
    }
}
