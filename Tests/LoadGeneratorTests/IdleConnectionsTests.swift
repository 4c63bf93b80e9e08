import CLinux
import Glibc
import Testing
import Threads

@testable import LoadGenerator

@Suite struct IdleConnectionsTests {
    private static let answer = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"

    private func options(_ server: EchoServerForTests, http: Bool) throws -> IdleConnections.Options {
        var options = IdleConnections.Options(address: try TargetAddress("127.0.0.1:\(server.port)"))
        options.count = 20
        options.makesHTTPRequest = http
        return options
    }

    @Test func keepsItsConnectionsOpen() throws {
        let server = EchoServerForTests(.honest)
        defer { server.stop() }
        let connections = try IdleConnections(options(server, http: false))
        #expect(connections.count == 20)
        #expect(connections.countOpen() == 20)
    }

    @Test func makesARequestOnEachConnectionFirst() throws {
        let server = EchoServerForTests(.answers(Self.answer))
        defer { server.stop() }
        let connections = try IdleConnections(options(server, http: true))
        #expect(connections.countOpen() == 20)
    }

    @Test func noticesConnectionsThatTheServerClosed() throws {
        let server = EchoServerForTests(.answers(Self.answer))
        defer { server.stop() }
        let connections = try IdleConnections(options(server, http: true))
        server.stop()
        let deadline = readMonotonicClock() + 10_000_000_000
        while connections.countOpen() > 0 && readMonotonicClock() < deadline { sched_yield() }
        #expect(connections.countOpen() == 0)
    }

    @Test(arguments: [
        ("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", "status 503"),
        ("HTTP/1.1 200 OK\r\n\r\n", "no Content-Length"),
        ("nonsense\r\n\r\n", "status 0"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc", "bytes after the answer"),
    ])
    func refusesAWrongAnswer(answer: String, found: String) throws {
        let server = EchoServerForTests(.answers(answer))
        defer { server.stop() }
        #expect {
            _ = try IdleConnections(options(server, http: true))
        } throws: { error in
            "\(error)".hasSuffix("found \(found)")
        }
    }

    @Test func holdsUntilTheDescriptorEnds() throws {
        let server = EchoServerForTests(.honest)
        defer { server.stop() }
        let connections = try IdleConnections(options(server, http: false))
        var ends: [Int32] = [0, 0]
        #expect(linux_pipe(&ends) == 0)
        write(ends[1], "x", 1)
        close(ends[1])
        connections.hold(untilEndOf: ends[0])
        close(ends[0])
        #expect(connections.countOpen() == 20)
    }

    @Test func waitsForTheRestOfAHead() {
        #expect(HTTPAnswerHead(Array("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r".utf8).span.bytes) == nil)
        let head = HTTPAnswerHead(Array("HTTP/1.1 200 OK\r\nContent-Length:3\r\n\r\nabc".utf8).span.bytes)
        #expect(head?.status == 200 && head?.contentLength == 3 && head?.length == 37)
    }
}
