import MartletKit
import MartletKitTesting
import Testing

/// Jobs, timers, metrics and sessions that move. Serialized, because all tests count the tokens of one process.
@Suite(.serialized) struct WorkTests {
    private var tokens: Int { Laboratory.Token.alive.load(ordering: .relaxed) }

    @Test func aCompletionFindsItsSession() throws {
        let host = try SimulatedHost(Laboratory.self)
        let connection = host.connect()
        connection.send("ss")
        #expect(connection.takeText() == "ok ok ")
        #expect(tokens == 3)
        host.runWork()
        #expect(connection.takeText() == "=42 =42 ")
        connection.send("?")
        #expect(connection.takeText() == "a2 ")
        #expect(host.shutDown() == [])
        #expect(tokens == 0)
    }

    @Test(arguments: ["", "C"])
    func aCompletionForAClosedConnectionRunsOnce(_ ending: String) throws {
        let host = try SimulatedHost(Laboratory.self)
        let connection = host.connect(readsAtOnce: false)
        connection.send("s" + ending)
        if ending.isEmpty { connection.reset() }
        host.runWork()
        host.runWork()
        #expect(host.logs.filter { $0.message.hasPrefix("done") }.map(\.message) == ["done 42 alone"])
        #expect(host.shutDown() == [])
        #expect(tokens == 0)
    }

    /// The slot of a connection is reused, but its id is not.
    @Test func aCompletionNeverReachesAnotherPeer() throws {
        let host = try SimulatedHost(Laboratory.self)
        let first = host.connect()
        first.send("s")
        first.reset()
        let second = host.connect()
        host.runWork()
        #expect(second.output == [])
        #expect(first.id != second.id)
        #expect(host.shutDown() == [])
        #expect(tokens == 0)
    }

    @Test func aRefusedJobIsReleased() throws {
        let host = try SimulatedHost(Laboratory.self, limits: HostLimits(workQueue: 1))
        let connection = host.connect()
        connection.send("sss")
        #expect(connection.takeText() == "ok busy busy ")
        #expect(tokens == 2)
        host.runWork()
        connection.send("s")
        #expect(connection.takeText() == "=42 ok ")
        #expect(host.shutDown() == [])
        #expect(host.logs.map(\.message).suffix(2) == ["closed: shutdown", "done 42 alone"])
        #expect(tokens == 0)
    }

    /// The host refuses work when it stops, so a plugin that always submits more work ends too.
    @Test func aStoppingHostRefusesWork() throws {
        let host = try SimulatedHost(Laboratory.self)
        host.logLevel = .warning
        _ = host.takeLogs()
        host.connect().send("f")
        #expect(host.runWork(limit: 10) == 10)
        #expect(host.shutDown() == [])
        #expect(host.logs == [LogRecord(.warning, "the last was refused: stopping")])
        #expect(tokens == 0)
    }

    @Test func aRefusedMetricIsLogged() throws {
        let host = try SimulatedHost(Laboratory.self, options: ["mark": "bad metrics"])
        #expect(
            host.logs.filter { $0.level == .error }.map(\.message) == [
                "metric two words: not registered (argument)", "metric open: not registered (argument)",
            ])
        #expect(host.metrics.count == 2)
        #expect(host.shutDown() == [])
    }

    @Test func aSessionMovesOnceItsWorkIsDone() throws {
        let host = try SimulatedHost(Laboratory.self)
        let connection = host.connect()
        connection.send("w")
        let next = try host.nextGeneration(Laboratory.self, options: ["mark": "b"])
        #expect(host.swap(to: next) == [.later])
        host.runWork()
        connection.send("?")
        #expect(connection.takeText() == "ok =42 b1 ")
        #expect(next.openConnections.count == 1)
        #expect(tokens == 1)
        #expect(host.shutDown() + next.shutDown() == [])
        #expect(tokens == 0)
    }

    /// The job belongs to the generation that submitted it: the session comes back for the completion.
    @Test func aCompletionFindsASessionThatMoved() throws {
        let host = try SimulatedHost(Laboratory.self)
        let connection = host.connect()
        connection.send("s")
        let next = try host.nextGeneration(Laboratory.self)
        #expect(host.swap(to: next) == [.moved])
        host.runWork()
        next.runWork()
        #expect(connection.takeText() == "ok =42 ")
        #expect(host.logs.last?.message == "done 42 there")
        #expect(host.shutDown() + next.shutDown() == [])
        #expect(tokens == 0)
    }

    @Test func aTimerIsReplacedAndCancelled() throws {
        let host = try SimulatedHost(Laboratory.self)
        let connection = host.connect()
        connection.send("tT")
        #expect(connection.timer == .milliseconds(1))
        host.advance(by: .seconds(2))
        #expect(connection.takeText() == "!")
        connection.send("t")
        host.advance(by: .milliseconds(1_499))
        connection.send("c")
        #expect(connection.timer == nil)
        host.advance(by: .seconds(2))
        #expect(connection.output == [])
        connection.send("t")
        connection.reset()
        host.advance(by: .seconds(2))
        #expect(host.shutDown() == [])
    }

    @Test func metricsContinueInTheNextGeneration() throws {
        let host = try SimulatedHost(Laboratory.self)
        let connection = host.connect()
        host.connect().hangUp()
        connection.send("x")
        #expect(host.metrics == ["requests_total": 1, "open": 1])
        let next = try host.nextGeneration(Laboratory.self)
        host.swap(to: next)
        connection.send("x")
        connection.send("g")
        #expect(next.metrics == ["requests_total": 3, "open": 42])
        #expect(host.shutDown() + next.shutDown() == [])
        #expect(next.metric("open") == 41)
    }

    @Test func aPeerHasADescription() throws {
        let host = try SimulatedHost(Laboratory.self)
        host.logLevel = .info
        let addresses: [PeerAddress?] = [
            nil, .ipv4([192, 0, 2, 7], port: 80),
            .ipv6([0x20, 1, 0x0D, 0xB8] + Array(repeating: 0, count: 11) + [1], port: 9),
            .ipv6(Array(repeating: 0, count: 16), port: 1),
            .ipv6([0, 1, 0, 0] + Array(repeating: 0xFF, count: 12), port: 1),
            .ipv6([0, 1, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3], port: 1),
        ]
        for address in addresses { host.connect(from: address).send("p") }
        #expect(host.connect(from: .unix).end == .refused)
        #expect(
            host.takeLogs().map(\.message) == [
                "simulated 1 1 1", "127.0.0.1:10001", "192.0.2.7:80", "[2001:db8::1]:9", "[::]:1",
                "[1:0:ffff:ffff:ffff:ffff:ffff:ffff]:1", "[1:0:0:2::3]:1",
            ])
        #expect(host.shutDown() == [])
        #expect(tokens == 0)
    }
}
