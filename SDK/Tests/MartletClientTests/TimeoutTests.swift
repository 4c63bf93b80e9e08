import BinaryWire
import Testing

@testable import MartletClient

/// Time-outs, cancellation and heartbeats, on a clock that the tests move.
@Suite struct TimeoutTests {
    private let store = TestStore()
    private let clock = ManualClock()

    /// Answers the first request when the gate opens, and others at once.
    private func slowServer(_ gate: Gate) throws -> ScriptedServer {
        try ScriptedServer { [store] peer in
            guard let slow = peer.next() else { return }
            let other = peer.next()
            if let other { peer.write(store.answer(other)) }
            gate.wait()
            peer.write(store.answer(slow))
            store.serve(peer)
        }
    }

    @Test func aTimeoutReleasesOneCaller() async throws {
        let gate = Gate()
        let server = try slowServer(gate)
        let client = try MartletClient.test(server, clock)
        async let slow = reason { _ = try await client.get("slow", timeout: .seconds(1)) }
        try await waitUntil("the request is on its way") { await client.status().requestsInFlight == 1 }
        #expect(try await client.get("other") == nil)
        clock.advance(.milliseconds(999), client)
        #expect(await client.status().requestsInFlight == 1)
        clock.advance(.milliseconds(1), client)
        #expect(await slow == .timedOut(.seconds(1), nil))
        // The late answer belongs to nobody.
        gate.open()
        #expect(try await client.echo("again") == utf8("again"))
        try await waitUntil("the late answer is dropped") { await client.status().requestsInFlight == 0 }
        #expect(server.accepted == 1)
    }

    @Test func aWriteThatTimesOutHasAnUnknownOutcome() async throws {
        let gate = Gate()
        let server = try slowServer(gate)
        let client = try MartletClient.test(server, clock)
        async let slow = reason { _ = try await client.put("k", "v", timeout: .seconds(1)) }
        try await waitUntil("the request is on its way") { await client.status().requestsInFlight == 1 }
        try await client.ping()
        clock.advance(.seconds(1), client)
        #expect(await slow == .unknownOutcome(.answerTimedOut(.seconds(1))))
        gate.open()
    }

    @Test func cancellationReleasesTheCallerAtOnce() async throws {
        let gate = Gate()
        let server = try slowServer(gate)
        let client = try MartletClient.test(server, clock)
        let slow = Task { await reason { _ = try await client.get("slow") } }
        try await waitUntil("the request is on its way") { await client.status().requestsInFlight == 1 }
        slow.cancel()
        #expect(await slow.value == .cancelled)
        #expect(try await client.get("other") == nil)
        gate.open()
        #expect(try await client.echo("again") == utf8("again"))
        try await waitUntil("the late answer is dropped") { await client.status().requestsInFlight == 0 }
        #expect(server.accepted == 1)
    }

    @Test func aTaskThatIsCancelledAlreadySendsNothing() async throws {
        let server = try ScriptedServer { [store] in store.serve($0) }
        let client = try MartletClient.test(server, clock)
        try await client.connect()
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return await reason { _ = try await client.put("k", "v") }
        }
        #expect(await task.value == .cancelled)
        #expect(try await client.get("k") == nil)
    }

    @Test func aServerThatAnswersNothingIsReplacedWhenItIsFull() async throws {
        let server = try ScriptedServer { [store] peer in
            if peer.number > 0 { store.serve(peer) } else { while peer.next() != nil {} }
        }
        let client = try MartletClient.test(server, clock) {
            $0.requestsPerConnection = 2
            $0.maximumConnections = 1
            $0.heartbeatInterval = nil
            $0.retry.base = .zero
        }
        async let first = reason { _ = try await client.get("1", timeout: .seconds(1)) }
        async let second = reason { _ = try await client.get("2", timeout: .seconds(1)) }
        try await waitUntil("both are on their way") { await client.status().requestsInFlight == 2 }
        clock.advance(.seconds(1), client)
        _ = await (first, second)
        #expect(try await client.get("3") == nil)
        #expect(server.accepted == 2)
    }

    // MARK: Heartbeats

    @Test func theClientAnswersHeartbeats() async throws {
        let isAlive = Counter()
        let server = try ScriptedServer { [store] peer in
            guard let first = peer.next() else { return }
            if peer.beat() { isAlive.add() }
            peer.write(store.answer(first))
            store.serve(peer)
        }
        let client = try MartletClient.test(server)
        #expect(try await client.echo("1") == utf8("1"))
        #expect(isAlive.value == 1)
    }

    @Test func aQuietServerIsPinged() async throws {
        let pings = Counter()
        let server = try ScriptedServer { [store] peer in
            while let incoming = peer.next() {
                if case .ping = incoming.request { pings.add() }
                peer.write(store.answer(incoming))
            }
        }
        let client = try MartletClient.test(server, clock) {
            $0.heartbeatInterval = .seconds(10)
            $0.idleTimeout = nil
        }
        try await client.connect()
        for count in 1...5 {
            clock.advance(.seconds(10), client)
            try await waitUntil("ping \(count)") { pings.value == count }
            try await waitUntil("its answer") { await client.status().requestsInFlight == 0 }
        }
        #expect(await client.status().openConnections == 1)
    }

    @Test func aServerThatAnswersNoPingIsLost() async throws {
        let server = try ScriptedServer { [store] peer in
            if peer.number > 0 { store.serve(peer) } else { while peer.next() != nil {} }
        }
        let client = try MartletClient.test(server, clock) {
            $0.heartbeatInterval = .seconds(1)
            $0.unansweredHeartbeats = 2
            $0.retry.base = .zero
        }
        async let answer = client.get("k")
        try await waitUntil("the request is on its way") { await client.status().requestsInFlight == 1 }
        for count in 2...3 {
            clock.advance(.seconds(1), client)
            try await waitUntil("a ping is on its way") { await client.status().requestsInFlight == count }
        }
        clock.advance(.seconds(1), client)
        // The second connection answers.
        #expect(try await answer == nil)
        #expect(server.accepted == 2)
    }

    @Test func aServerThatStopsItsOwnHeartbeatsIsLost() async throws {
        let server = try ScriptedServer { [store] peer in
            peer.settings = ServerSettings(heartbeatMilliseconds: 1_000, unansweredHeartbeats: 1)!
            if peer.number > 0 { store.serve(peer) } else { while peer.next() != nil {} }
        }
        let client = try MartletClient.test(server, clock) {
            $0.heartbeatInterval = nil
            $0.retry.base = .zero
        }
        async let answer = client.get("k")
        try await waitUntil("the request is on its way") { await client.status().requestsInFlight == 1 }
        clock.advance(.seconds(2), client)
        #expect(await client.status().openConnections == 1)
        clock.advance(.milliseconds(1), client)
        #expect(try await answer == nil)
        #expect(server.accepted == 2)
    }
}
