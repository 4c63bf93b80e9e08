import MartletKitTesting
import Testing

@testable import HTTPPlugin

@Suite struct KeepAliveTests {
    /// RFC 9112 9.3.
    @Test(
        arguments: [
            ("1.1", nil, nil, true), ("1.1", "close", "close", false), ("1.1", "keep-alive", nil, true),
            ("1.1", "Close, Upgrade", "close", false), ("1.1", "keep-alive, close", "close", false),
            ("1.1", "upgrade", nil, true), ("1.0", nil, "close", false), ("1.0", "close", "close", false),
            ("1.0", "Keep-Alive", "keep-alive", true), ("1.0", "keep-alive, close", "close", false),
        ] as [(String, String?, String?, Bool)])
    func followsVersionAndConnectionField(version: String, field: String?, answered: String?, staysOpen: Bool) throws {
        for target in ["/hello", "/missing/../old", "/empty", "/api/"] {
            for method in ["GET", "HEAD", "DELETE", "OPTIONS"] {
                let client = try Client()
                let answer = try client.request(
                    method, target, field.map { ["Connection: \($0)"] } ?? [], version: version)
                #expect(answer.connection == answered, "\(method) \(target)")
                #expect(client.isOpen == staysOpen, "\(method) \(target)")
            }
        }
    }

    @Test func treatsAnyMinorVersionAsHTTP11() throws {
        let client = try Client()
        #expect(try client.request("GET", "/hello", version: "1.7").status == 200)
        #expect(client.isOpen)
    }

    @Test func closesAfterEachRequestWithoutKeepAlive() throws {
        let client = try Client(options: ["keep_alive": false])
        let answers = try Answer.all(
            Array(client.exchange(String(repeating: "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n", count: 3)).utf8))
        #expect(answers.map(\.connection) == ["close"])
        #expect(client.connection.end == .closed(.plugin))
        #expect(try client.request("GET", "/hello", ["Connection: keep-alive"], version: "1.0").connection == "close")
        #expect(client.host.shutDown() == [])
    }

    @Test func closesAfterTheMaximumNumberOfRequests() throws {
        let client = try Client(options: ["max_requests": 3])
        let requests = String(repeating: "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n", count: 5)
        let answers = try Answer.all(Array(client.exchange(requests).utf8))
        #expect(answers.map(\.connection) == [nil, nil, "close"])
        #expect(!client.isOpen)
    }

    @Test func answersCompleteRequestsWhenThePeerFinishes() throws {
        let client = try Client()
        client.connection.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\nGET /hel")
        client.connection.finishSending()
        #expect(try Answer(only: client.connection.takeOutput()).text == "hello, world\n")
        #expect(client.connection.end == .closed(.peer))
        #expect(client.host.shutDown() == [])
    }

    @Test func anIdleSessionIsSmall() {
        #expect(MemoryLayout<HTTPSession>.stride <= 32)
    }
}
