import MartletKitTesting
import Testing

@testable import HTTPPlugin

@Suite struct DrainTests {
    @Test func closesAnIdleConnection() throws {
        let client = try Client()
        #expect(try client.status("GET", "/hello") == 200)
        client.host.drain()
        #expect(client.connection.end == .closed(.plugin))
        #expect(client.host.shutDown() == [])
    }

    @Test func answersTheRequestThatIsBeingReceived() throws {
        let client = try Client()
        client.connection.send("GET /hel")
        client.host.drain()
        #expect(client.isOpen)
        client.connection.send("lo HTTP/1.1\r\nHost: a\r\n\r\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
        let answer = try Answer(only: client.connection.takeOutput())
        #expect(answer.text == "hello, world\n")
        #expect(answer.connection == "close")
        #expect(client.connection.end == .closed(.plugin))
    }

    @Test(arguments: ["Content-Length: 10", "Transfer-Encoding: chunked"])
    func finishesAnEchoInProgress(framing: String) throws {
        let client = try Client()
        client.connection.send("POST /echo HTTP/1.1\r\nHost: a\r\n\(framing)\r\n\r\n")
        client.connection.send(framing.contains("chunked") ? "5\r\n01234\r\n" : "01234")
        client.host.drain()
        #expect(client.isOpen)
        client.connection.send(framing.contains("chunked") ? "5\r\n56789\r\n0\r\n\r\n" : "56789")
        #expect(try Answer(only: client.connection.takeOutput()).text == "0123456789")
        #expect(client.connection.end == .closed(.plugin))
        #expect(client.host.shutDown() == [])
    }

    @Test func doesNotWaitForABodyThatIsNotNeeded() throws {
        let client = try Client()
        client.connection.send("POST /hello HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123")
        client.host.drain()
        #expect(client.connection.end == .closed(.plugin))
    }

    /// A part of a trailer section stays with the host. When the rest has arrived, nothing is left to wait for.
    @Test func closesAfterTheTrailersOfABody() throws {
        let client = try Client()
        client.connection.send("GET /hello HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ")
        client.host.drain()
        client.connection.send("y\r\n\r\n")
        #expect(client.connection.end == .closed(.plugin))
        #expect(try Answer(only: client.connection.takeOutput()).text == "hello, world\n")
    }

    @Test func answersOneOfTheQueuedRequests() throws {
        let client = try Client(limits: HostLimits(outputHighWater: 100, outputLowWater: 10), readsAtOnce: false)
        client.connection.send(String(repeating: "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n", count: 5))
        client.host.drain()
        while client.isOpen { client.connection.read(upTo: 20) }
        let answers = try Answer.all(client.connection.takeOutput())
        #expect(answers.map(\.connection) == [nil, "close"])
        #expect(client.connection.end == .closed(.plugin))
        #expect(client.host.shutDown() == [])
    }
}
