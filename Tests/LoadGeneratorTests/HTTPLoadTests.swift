import Glibc
import Testing

@testable import LoadGenerator

@Suite struct HTTPLoadTests {
    private static let answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

    private func load(_ server: EchoServerForTests, requests: UInt64, connections: Int = 1) throws -> HTTPLoad {
        var load = HTTPLoad(address: try TargetAddress("127.0.0.1:\(server.port)"), ending: .requests(requests))
        load.connections = connections
        return load
    }

    @Test(arguments: [(1, 1), (1, 50), (8, 101), (8, 3)])
    func findsNothingWrongWithAnHonestServer(connections: Int, requests: UInt64) throws {
        let server = EchoServerForTests(.answers(Self.answer))
        defer { server.stop() }
        let report = try load(server, requests: requests, connections: connections).run()
        #expect(report.isClean, "\(report)")
        #expect(report.requests == requests)
        #expect(report.lostRequests == 0 && report.firstFailure == nil)
        #expect(report.latency.p50Microseconds > 0)
        #expect(report.latency.maxMicroseconds >= report.latency.p999Microseconds)
    }

    @Test func waitsForAnAnswerThatArrivesInPieces() throws {
        let body = String(repeating: "x", count: 1_000_000)
        let server = EchoServerForTests(.answers("HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n" + body))
        defer { server.stop() }
        let report = try load(server, requests: 6, connections: 2).run()
        #expect(report.isClean && report.requests == 6, "\(report)")
    }

    @Test func endsWhenTheTimeIsUp() throws {
        let server = EchoServerForTests(.answers(Self.answer))
        defer { server.stop() }
        var load = try load(server, requests: 0, connections: 4)
        load.ending = .after(.milliseconds(30))
        let report = try load.run()
        #expect(report.isClean && report.requests > 0, "\(report)")
        #expect(report.durationSeconds >= 0.03)
    }

    /// Each connection answers three requests, and loses the fourth.
    @Test func countsResetsAndSendsLostRequestsAgain() throws {
        let server = EchoServerForTests(.answersSome(Self.answer, count: 3, then: .reset))
        defer { server.stop() }
        let report = try load(server, requests: 20, connections: 2).run()
        #expect(report.requests == 20)
        #expect(report.resets == 6 && report.closes == 0, "\(report)")
        #expect(report.lostRequests == 6)
        #expect(report.isRight && !report.isClean)
        #expect(report.firstFailure?.hasSuffix("reset by the server, a request was in flight") == true)
    }

    @Test func countsClosesAsWell() throws {
        let server = EchoServerForTests(.answersSome(Self.answer, count: 3, then: .close))
        defer { server.stop() }
        let report = try load(server, requests: 10).run()
        #expect(report.requests == 10)
        #expect(report.closes == 3 && report.resets == 0 && report.lostRequests == 3, "\(report)")
        #expect(!report.isClean)
    }

    @Test func leavesAConnectionThatTheServerSaysItWillClose() throws {
        let answer = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi"
        let server = EchoServerForTests(.answers(answer))
        defer { server.stop() }
        let report = try load(server, requests: 5).run()
        #expect(report.requests == 5 && report.closes == 5 && report.lostRequests == 0, "\(report)")
    }

    @Test func givesUpOnAServerThatResetsEveryConnection() throws {
        let server = EchoServerForTests(.answersSome(Self.answer, count: 0, then: .reset))
        defer { server.stop() }
        var load = try load(server, requests: 2, connections: 2)
        load.answerTimeout = .milliseconds(50)
        let report = try load.run()
        #expect(report.requests == 0 && report.timeouts == 2 && report.resets > 0, "\(report)")
        #expect(!report.isRight)
    }

    @Test func givesUpOnASilentServer() throws {
        let server = EchoServerForTests(.isSilent)
        defer { server.stop() }
        var load = try load(server, requests: 2, connections: 2)
        load.answerTimeout = .milliseconds(20)
        let report = try load.run()
        #expect(report.timeouts == 2 && report.requests == 0 && !report.isRight)
    }

    @Test(arguments: [
        ("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", "status 503"),
        ("HTTP/1.1 200 OK\r\n\r\n", "an answer without Content-Length"),
        ("nonsense\r\n\r\n", "status 0"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc", "bytes after the answer"),
    ])
    func countsAWrongAnswer(answer: String, found: String) throws {
        let server = EchoServerForTests(.answers(answer))
        defer { server.stop() }
        let report = try load(server, requests: 2).run()
        #expect(report.wrongAnswers == 1 && report.requests == 0 && !report.isRight)
        #expect(report.firstFailure == "connection 0: \(found)")
    }

    @Test func readsFieldsInAnyCase() {
        let text = "HTTP/1.1 200 OK\r\nCONNECTION: Close\r\ncontent-LENGTH:  42 \r\nX: content-length: 7\r\n\r\n"
        let head = HTTPAnswerHead(Array(text.utf8).span.bytes)
        #expect(head?.contentLength == 42 && head?.closes == true && head?.status == 200)
        #expect(head?.length == text.utf8.count)
    }

    @Test(arguments: ["", "-1", "1x", "9999999999999999"]) func acceptsOnlyNumbersAsALength(value: String) {
        let head = HTTPAnswerHead(Array("HTTP/1.1 200 OK\r\nContent-Length: \(value)\r\n\r\n".utf8).span.bytes)
        #expect(head != nil && head?.contentLength == nil)
    }

    @Test func namesAServerThatIsNotThere() throws {
        let address = try TargetAddress("unix:/nowhere/http.sock")
        #expect(throws: LoadError.system(doing: "connect to unix:/nowhere/http.sock", code: ENOENT)) {
            try HTTPLoad(address: address, ending: .requests(1)).run()
        }
    }
}
