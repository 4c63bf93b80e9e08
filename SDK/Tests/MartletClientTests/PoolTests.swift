import BinaryWire
import Synchronization
import TestInput
import Testing

@testable import MartletClient

/// How calls share connections, over sockets.
@Suite struct PoolTests {
    private let store = TestStore()

    @Test func tenThousandCallsShareFourConnections() async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("seed \(seed)")
        // Answers in a random order: some requests wait until others have been answered.
        let server = try ScriptedServer { [store] peer in
            var random = SeededGenerator(seed: seed &+ UInt64(peer.number))
            var late: [[UInt8]] = []
            while let incoming = peer.next() {
                late.append(store.answer(incoming))
                // The last request of a burst must not wait for another.
                if late.count > 8 || Int.random(in: 0..<4, using: &random) == 0 || !peer.hasInput {
                    for answer in late.shuffled(using: &random) { peer.write(answer) }
                    late = []
                }
            }
        }
        let client = try MartletClient.test(server) { $0.requestTimeout = .seconds(60) }
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<10_000 {
                group.addTask { try await client.echo("\(number)") == utf8("\(number)") }
            }
            for try await isSame in group { #expect(isSame) }
        }
        #expect(server.accepted <= 4 && server.accepted > 1, "\(server.accepted) connections")
        #expect(await client.status() == .init(openConnections: server.accepted))
    }

    @Test func thereAreNeverMoreConnectionsThanTheMaximum() async throws {
        let gate = Gate()
        let server = try ScriptedServer { [store] peer in
            gate.wait()
            store.serve(peer)
        }
        let client = try MartletClient.test(server) {
            $0.maximumConnections = 2
            $0.requestsPerConnection = 3
            $0.maximumWaitingCalls = 10
        }
        try await withThrowingTaskGroup(of: MartletClientError.Reason?.self) { group in
            for _ in 0..<10 { group.addTask { await reason { _ = try await client.get("k") } } }
            try await waitUntil("ten calls wait") { await client.status().waitingCalls == 10 }
            #expect(await reason { _ = try await client.get("k") } == .queueFull(limit: 10))
            try await waitUntil("the connections are accepted") { server.accepted == 2 }
            gate.open()
            for try await reason in group { #expect(reason == nil) }
        }
        #expect(server.accepted == 2)
    }

    @Test func oneConnectionIsEnoughForFewCalls() async throws {
        let server = try ScriptedServer { [store] in store.serve($0) }
        let client = try MartletClient.test(server)
        try await client.connect()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<64 { group.addTask { _ = try? await client.get("k") } }
        }
        #expect(server.accepted == 1)
    }

    @Test func theMinimumIsOpenedAtOnceAndAgain() async throws {
        let server = try ScriptedServer { [store] in store.serve($0) }
        let client = try MartletClient.test(server) { $0.minimumConnections = 3 }
        try await waitUntil("three are open") { await client.status().openConnections == 3 }
        #expect(server.accepted == 3)
        await client.close()
        try await waitUntil("they are closed") { server.open == 0 }
    }

    @Test func idleConnectionsAreClosed() async throws {
        let gate = Gate()
        let server = try ScriptedServer { [store] peer in
            gate.wait()
            store.serve(peer)
        }
        let clock = ManualClock()
        let client = try MartletClient.test(server, clock) {
            $0.requestsPerConnection = 1
            $0.minimumConnections = 1
            $0.idleTimeout = .seconds(30)
            $0.heartbeatInterval = nil
        }
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<3 { group.addTask { _ = try? await client.get("k") } }
            gate.open()
        }
        try await waitUntil("connections are open") { await client.status().openConnections == server.accepted }
        clock.advance(.seconds(30), client)
        try await waitUntil("the minimum is left") { await client.status().openConnections == 1 }
        try await waitUntil("the others are closed") { server.open == 1 }
    }

    // MARK: Goodbyes and refusals

    @Test func aGoodbyeIsInvisible() async throws {
        // Every connection says goodbye in the middle of its requests.
        let server = try ScriptedServer { [store] peer in
            var count = 0
            while let incoming = peer.next() {
                if count == 20 { peer.write(goodbye()) }
                peer.write(store.answer(incoming))
                count += 1
            }
        }
        let client = try MartletClient.test(server) { $0.maximumConnections = 2 }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    for round in 0..<100 { try await client.put("\(task) \(round)", "v") }
                }
            }
            try await group.waitForAll()
        }
        #expect(server.accepted > 10)
        try await waitUntil("those that left are closed") { server.open <= 2 }
    }

    @Test func requestsInFlightAreAnsweredAfterAGoodbye() async throws {
        let gate = Gate()
        let server = try ScriptedServer { [store] peer in
            guard peer.number == 0 else { return store.serve(peer) }
            guard let incoming = peer.next() else { return }
            peer.write(goodbye())
            gate.wait()
            peer.write(store.answer(incoming))
            peer.drain()
        }
        let client = try MartletClient.test(server)
        async let first = client.put("k", "v")
        try await waitUntil("the goodbye has arrived") { await client.status().leavingConnections == 1 }
        #expect(try await client.get("other") == nil)
        #expect(server.accepted == 2)
        gate.open()
        #expect(try await first == .created)
        try await waitUntil("the old connection is closed") { server.open == 1 }
    }

    @Test func aDrainingServerIsAskedOnAnotherConnection() async throws {
        let server = try ScriptedServer { [store] peer in
            guard peer.number == 0 else { return store.serve(peer) }
            while let incoming = peer.next() {
                peer.write(
                    encoded { FrameEncoder.failure(.draining, of: .put, requestID: incoming.id, into: &$0) })
            }
        }
        let client = try MartletClient.test(server)
        #expect(try await client.put("k", "v") == .created)
        #expect(server.accepted == 2)
    }

    @Test func aBusyServerIsAskedAgainAfterAPause() async throws {
        let refusals = Counter()
        let server = try ScriptedServer { [store] peer in
            while let incoming = peer.next() {
                if refusals.add() < 2 {
                    peer.write(encoded { FrameEncoder.failure(.busy, of: .put, requestID: incoming.id, into: &$0) })
                } else {
                    peer.write(store.answer(incoming))
                }
            }
        }
        let client = try MartletClient.test(server) { $0.retry.base = .milliseconds(1) }
        #expect(try await client.put("k", "v") == .created)
        #expect(refusals.value == 3)
        #expect(server.accepted == 1)
    }

    @Test func otherRefusalsAreErrors() async throws {
        let server = try ScriptedServer { peer in
            while let incoming = peer.next() {
                peer.write(
                    encoded {
                        FrameEncoder.failure(
                            .storeFull, of: .put, requestID: incoming.id, text: utf8("no room").span.bytes, into: &$0)
                    })
            }
        }
        let client = try MartletClient.test(server)
        do {
            try await client.put("k", "v")
            Issue.record("the store is full")
        } catch {
            #expect(error.reason == .refused(.storeFull, text: "no room"))
            #expect("\(error)" == "\(server.address): put: refused: store-full (67): no room")
        }
        #expect(await client.status().openConnections == 1)
    }

    // MARK: The end

    @Test func closingWaitsForAnswers() async throws {
        let gate = Gate()
        let server = try ScriptedServer { [store] peer in
            guard let incoming = peer.next() else { return }
            gate.wait()
            peer.write(store.answer(incoming))
            peer.drain()
        }
        let client = try MartletClient.test(server)
        async let answer = client.put("k", "v")
        try await waitUntil("the request is on its way") { await client.status().requestsInFlight == 1 }
        async let closed: Void = client.close()
        try await waitUntil("new calls are refused") {
            await reason { _ = try await client.ping(timeout: .milliseconds(20)) } == .closed
        }
        gate.open()
        #expect(try await answer == .created)
        await closed
        await client.close()
        #expect(await reason { _ = try await client.ping() } == .closed)
        try await waitUntil("the connection is closed") { server.open == 0 }
    }

    @Test func aClientThatIsForgottenEndsItsThread() async throws {
        let server = try ScriptedServer { [store] in store.serve($0) }
        weak var reactor: Reactor?
        do {
            let client = try MartletClient.test(server)
            try await client.ping()
            reactor = client.reactor
        }
        try await waitUntil("the connection is closed") { server.open == 0 }
        try await waitUntil("the thread has ended") { reactor == nil }
    }
}
