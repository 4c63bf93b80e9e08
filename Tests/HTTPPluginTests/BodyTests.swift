import MartletKitTesting
import Testing

@testable import HTTPPlugin

@Suite struct BodyTests {
    private let content = String((0..<5_000).map { Character(UnicodeScalar(UInt8(0x20 + $0 % 95))) })

    private func chunked(_ content: String, by size: Int) -> String {
        var rest = Substring(content)
        var body = ""
        while !rest.isEmpty {
            let chunk = rest.prefix(size)
            body += "\(String(chunk.utf8.count, radix: 16))\r\n\(chunk)\r\n"
            rest = rest.dropFirst(size)
        }
        return body + "0\r\n\r\n"
    }

    @Test(arguments: [InputSplit.whole, .everyByte, .pieces(of: 100), .random(seed: 3, largest: 900)])
    func sendsBackABodyWithTheSameLength(split: InputSplit) throws {
        let client = try Client()
        let output = client.exchange(
            "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n\(content)", split: split)
        let answer = try Answer(only: Array(output.utf8))
        #expect(answer["Content-Length"] == "5000")
        #expect(answer["Content-Type"] == "application/octet-stream")
        #expect(answer.text == content)
        #expect(client.isOpen)
    }

    @Test(arguments: [InputSplit.whole, .everyByte, .pieces(of: 100), .random(seed: 4, largest: 900)])
    func sendsBackAChunkedBodyInChunks(split: InputSplit) throws {
        let client = try Client()
        for size in [1, 7, 999, 5_000] {
            let output = client.exchange(
                "PUT /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(content, by: size),
                split: split)
            let answer = try Answer(only: Array(output.utf8))
            #expect(answer["Transfer-Encoding"] == "chunked")
            #expect(answer.text == content)
        }
        #expect(client.host.shutDown() == [])
    }

    /// Content is sent back as it arrives, so a body larger than any buffer needs no buffer.
    @Test func doesNotWaitForTheEndOfABody() throws {
        let client = try Client()
        _ = client.exchange("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n")
        for _ in 0..<100 {
            client.connection.send(Array(repeating: 0x61, count: 10_000))
            #expect(client.connection.takeOutput().count == 10_000)
            #expect(client.connection.unconsumedInput == 0)
        }
        #expect(client.isOpen)
        #expect(client.host.requests.map(\.status) == [200])
        #expect(try client.status("GET", "/hello") == 200)
    }

    @Test func limitsABodyByItsAnnouncedAndActualLength() throws {
        let client = try Client(options: ["max_body": 10])
        #expect(try client.request("POST", "/echo", ["Content-Length: 10"], body: "0123456789").text == "0123456789")
        #expect(try client.status("POST", "/echo", ["Content-Length: 11"]) == 413)
        #expect(!client.isOpen)
        let field = ["Transfer-Encoding: chunked"]
        #expect(try client.request("POST", "/echo", field, body: "a\r\n0123456789\r\n0\r\n\r\n").text.count == 10)
        #expect(try client.request("POST", "/echo", field, body: "b\r\n").status == 413)
        #expect(!client.isOpen)
    }

    /// A part of the answer is already sent when the next chunk turns out to be malformed or too large. The answer must stay
    /// visibly incomplete.
    @Test(arguments: ["5\r\n56789\r\n1\r\n", "x\r\n", "1\r\nabc\r\n", "0\r\nbad trailer\r\n\r\n"])
    func breaksOffAnEchoIfTheBodyIsMalformed(rest: String) throws {
        let client = try Client(options: ["max_body": 10])
        client.connection.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n")
        client.connection.send(rest + "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
        let output = client.takeText()
        #expect(output.contains("5\r\n01234\r\n"))
        #expect(!output.contains("0\r\n\r\n") && !output.contains("hello, world"))
        #expect(client.connection.end == .closed(.plugin))
        #expect(client.host.requests.isEmpty)
        #expect(client.host.shutDown() == [])
    }

    /// The answer does not wait for a body that is not needed; the next request is found after the body.
    @Test(arguments: ["/hello", "/none/../page", "/echo"]) func dropsABodyThatIsNotNeeded(target: String) throws {
        let client = try Client()
        client.connection.send("DELETE \(target) HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n0123")
        #expect(try Answer(only: client.connection.takeOutput()).status == 405)
        client.connection.send(String(content.dropFirst(4)) + "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try Answer(only: client.connection.takeOutput()).text == "hello, world\n")
        client.connection.send("GET /page HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nab")
        #expect(try Answer(only: client.connection.takeOutput()).status == 200)
        client.connection.send("cd\r\n0\r\nX: y\r\n\r\n")
        #expect(client.isOpen)
        #expect(try client.status("GET", "/hello") == 200)
        #expect(client.host.shutDown() == [])
    }

    /// The answer is already sent, so the plugin can only close, and must answer nothing more.
    @Test func closesIfADroppedBodyIsMalformed() throws {
        let client = try Client()
        client.connection.send("GET /page HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nab")
        #expect(try Answer(only: client.connection.takeOutput()).status == 200)
        client.connection.send("cdef\r\n0\r\n\r\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(client.connection.takeOutput() == [])
        #expect(client.connection.end == .closed(.plugin))
        #expect(client.host.metric("malformed_requests_total{status=\"400\"}") == 1)
    }

    @Test func slowsDownASenderThatDoesNotRead() throws {
        let client = try Client(
            options: ["max_body": "64MiB"], limits: HostLimits(outputHighWater: 10_000, outputLowWater: 2_000),
            readsAtOnce: false)
        client.connection.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\n")
        client.connection.send(Array(repeating: 0x62, count: 500_000), split: .pieces(of: 5_000))
        #expect(client.connection.waitingOutput < 20_000)
        #expect(client.connection.unconsumedInput > 400_000)
        while client.connection.waitingOutput > 0 { client.connection.read(upTo: 3_001) }
        #expect(try Answer(only: client.connection.takeOutput()).content == Array(repeating: 0x62, count: 500_000))
        #expect(client.host.shutDown() == [])
    }

    /// The host does not call again when no input is left, so the end of the echo must not wait for room.
    @Test func anEchoEndsWithTheByteThatFillsTheOutput() throws {
        let client = try Client(limits: HostLimits(outputHighWater: 300, outputLowWater: 10), readsAtOnce: false)
        client.connection.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n\(content)")
        #expect(client.connection.unconsumedInput == 0)
        #expect(client.host.requests.count == 1)
        client.host.drain()
        client.connection.read()
        #expect(client.connection.end == .closed(.plugin))
        #expect(try Answer(only: client.connection.takeOutput()).text == content)
    }

    @Test func aResetInTheMiddleLeaksNothing() throws {
        for end in 0..<3 {
            let client = try Client()
            client.connection.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123")
            if end == 0 { client.connection.reset() }
            if end == 1 { client.connection.finishSending() }
            #expect(client.host.shutDown() == [])
            #expect(client.host.requests.isEmpty)
        }
    }
}
