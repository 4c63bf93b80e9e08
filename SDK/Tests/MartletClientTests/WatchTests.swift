import BinaryWire
import Testing

@testable import MartletClient

@Suite struct WatchTests {
    private let store = TestStore()

    /// After the answer to each watch it sends these notices.
    private func server(_ notices: @escaping @Sendable (Peer, UInt32) -> [[UInt8]]) throws -> ScriptedServer {
        try ScriptedServer { [store] peer in
            var watch: UInt32 = 100
            while let incoming = peer.next() {
                guard case .watch = incoming.request else {
                    peer.write(store.answer(incoming))
                    continue
                }
                watch += 1
                peer.write(encoded { FrameEncoder.watchAnswer(watch, requestID: incoming.id, into: &$0) })
                for notice in notices(peer, watch) { peer.write(notice) }
            }
        }
    }

    private static func changed(_ kind: ChangeKind, _ watch: UInt32, _ key: String, _ version: UInt64 = 0) -> [UInt8] {
        encoded { FrameEncoder.changed(kind, watch: watch, version: version, key: utf8(key).span.bytes, into: &$0) }
    }

    @Test func changesComeInTheirOrder() async throws {
        let server = try server { _, watch in
            [
                Self.changed(.put, watch, "k", 7), Self.changed(.put, 9, "another watch", 8),
                Self.changed(.deleted, watch, "k"), Self.changed(.expired, watch, "l"),
                Self.changed(.lost, watch, ""),
            ]
        }
        let client = try MartletClient.test(server)
        var changes = try await client.watch(prefix: "").makeAsyncIterator()
        #expect(try await changes.next() == .put(key: utf8("k"), version: 7))
        #expect(try await changes.next() == .deleted(key: utf8("k")))
        #expect(try await changes.next() == .expired(key: utf8("l")))
        #expect(try await changes.next() == .lost)
        #expect(try await client.echo("1") == utf8("1"))
    }

    @Test func aSlowReaderLosesChangesAndIsTold() async throws {
        let server = try server { _, watch in (1...20).map { Self.changed(.put, watch, "k", $0) } }
        let client = try MartletClient.test(server)
        let watched = try await client.watch("k", buffer: 5)
        // The answer comes after the notices.
        try await client.ping()
        var changes = watched.makeAsyncIterator()
        for version in 1...5 { #expect(try await changes.next() == .put(key: utf8("k"), version: UInt64(version))) }
        #expect(try await changes.next() == .lost)
        // The watch goes on.
        watched.subscription.buffer.append(.deleted(key: [1]))
        #expect(try await changes.next() == .deleted(key: [1]))
    }

    @Test func aWatchMovesToAnotherConnection() async throws {
        let gate = Gate()
        let server = try server { peer, watch in
            guard peer.number == 0 else { return [Self.changed(.put, watch, "k", 2)] }
            return [Self.changed(.put, watch, "k", 1)]
        }
        let client = try MartletClient.test(server)
        var changes = try await client.watch("k").makeAsyncIterator()
        #expect(try await changes.next() == .put(key: utf8("k"), version: 1))
        server.resetAll()
        #expect(try await changes.next() == .lost)
        #expect(try await changes.next() == .put(key: utf8("k"), version: 2))
        #expect(server.accepted == 2)
        gate.open()
    }

    @Test func aWatchThatNobodyReadsEnds() async throws {
        let unwatched = Counter()
        let server = try ScriptedServer { [store] peer in
            while let incoming = peer.next() {
                if case .unwatch = incoming.request { unwatched.add() }
                peer.write(store.answer(incoming))
            }
        }
        let client = try MartletClient.test(server)
        do {
            let watched = try await client.watch("k")
            _ = watched.makeAsyncIterator()
        }
        try await waitUntil("the watch ends") { unwatched.value == 1 }
    }

    @Test func cancellationEndsTheLoop() async throws {
        let server = try server { _, _ in [] }
        let client = try MartletClient.test(server)
        let watched = try await client.watch("k")
        let reader = Task {
            var count = 0
            for try await _ in watched { count += 1 }
            return count
        }
        reader.cancel()
        #expect(try await reader.value == 0)
        // The sequence can be read by another task.
        watched.subscription.buffer.append(.lost)
        var changes = watched.makeAsyncIterator()
        #expect(try await changes.next() == .lost)
    }

    @Test func closingTheClientEndsTheLoop() async throws {
        let server = try server { _, watch in [Self.changed(.put, watch, "k", 1)] }
        let client = try MartletClient.test(server)
        let watched = try await client.watch("k")
        try await client.ping()
        await client.close()
        var changes = watched.makeAsyncIterator()
        #expect(try await changes.next() == .put(key: utf8("k"), version: 1))
        #expect(try await changes.next() == nil)
    }

    @Test func aServerThatRefusesToWatchAgainEndsTheLoopWithAnError() async throws {
        let server = try ScriptedServer { [store] peer in
            while let incoming = peer.next() {
                if case .watch = incoming.request, peer.number > 0 {
                    peer.write(
                        encoded { FrameEncoder.failure(.notPermitted, of: .watch, requestID: incoming.id, into: &$0) })
                } else {
                    peer.write(store.answer(incoming))
                }
            }
        }
        let client = try MartletClient.test(server)
        var changes = try await client.watch("k").makeAsyncIterator()
        server.resetAll()
        let reason = await reason { _ = try await changes.next() }
        #expect(reason == .refused(.notPermitted, text: ""))
    }

    @Test func aBusyServerIsAskedToWatchAgainLater() async throws {
        let refusals = Counter()
        let server = try ScriptedServer { [store] peer in
            while let incoming = peer.next() {
                if case .watch = incoming.request, peer.number > 0, refusals.add() < 3 {
                    peer.write(encoded { FrameEncoder.failure(.busy, of: .watch, requestID: incoming.id, into: &$0) })
                } else {
                    peer.write(store.answer(incoming))
                }
            }
        }
        let client = try MartletClient.test(server) { $0.retry.base = .milliseconds(1) }
        var changes = try await client.watch("k").makeAsyncIterator()
        server.resetAll()
        #expect(try await changes.next() == .lost)
        #expect(refusals.value == 4)
    }
}
