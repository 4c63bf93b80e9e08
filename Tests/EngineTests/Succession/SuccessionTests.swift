import CMartlet
import Glibc
import TestInput
import Testing

@testable import Engine

/// Connections go on in another engine, from what the arena of the first one says.
@Suite struct SuccessionTests {
    /// Kept after every callback.
    private static let kept = StateFormat(flags: MARTLET_SESSION_CHECKPOINT_ALWAYS)

    /// A station with some connected peers, each of which has sent as many bytes as its number, plus 1.
    private func station(_ count: Int, _ format: StateFormat? = kept) throws -> (Station, Generation, [Peer]) {
        let station = try Station(maximumConnections: 1_000)
        let generation = try station.generation(state: format)
        let listener = try station.listen(generation)
        let peers = try (0..<count).map { number in
            let (peer, text) = (try Peer(listener.address), String(repeating: "a", count: number + 1))
            #expect(peer.ask(text) == text)
            return peer
        }
        try station.stop(listener)
        return (station, generation, peers)
    }

    private func end(_ heir: Heir, _ peers: [Peer]) throws {
        for peer in peers { peer.close() }
        try heir.end()
    }

    @Test func idleConnectionsGoOnWithTheirSessionsAndTheirIds() throws {
        let (old, _, peers) = try station(600)
        let ids = peers.map { $0.ask("#") }
        let heir = try Heir(of: old)
        #expect(try heir.settle() == Succession())
        let next = try heir.new.generation(state: Self.kept)
        #expect(try heir.adopt(into: next) == .adopted(600))
        #expect(try heir.endLimbo() == Succession())
        #expect(next.open == 600 && heir.new.engine.quota.count == 600 && heir.new.admission.quota.count == 600)
        for (number, peer) in peers.enumerated() {
            // Its number of bytes, the "#" before, and this "n".
            #expect(peer.ask("n") == "\(number + 3)")
            #expect(peer.ask("#") == ids[number])
        }
        // New connections get other ids.
        let listener = try heir.new.listen(next)
        let another = try Peer(listener.address)
        #expect(!ids.contains(another.ask("#")))
        another.close()
        try heir.new.stop(listener)
        try end(heir, peers)
    }

    @Test func unconsumedInputIsPresentedWithWhatFollows() throws {
        let (old, generation, peers) = try station(3)
        let long = String(repeating: "x", count: 50_000)
        peers[0].send("kab")
        peers[1].send("k" + long)
        try waitUntil("the input has arrived") { generation.counters.pointee.bytesReceived.value == 6 + 3 + 50_001 }
        let heir = try Heir(of: old)
        #expect(try heir.settle() == Succession())
        #expect(try heir.adopt(into: try heir.new.generation(state: Self.kept)) == .adopted(3))
        #expect(peers[0].ask("cde") == "kabcde")
        peers[1].send("e")
        var (found, expected) = ("", "k" + long + "e")
        while found.utf8.count < expected.utf8.count {
            let more = peers[1].receive(1 << 20)
            try #require(!more.isEmpty)
            found += more
        }
        #expect(found == expected)
        expected = "after"
        #expect(peers[2].ask(expected) == expected)
        try end(heir, peers)
    }

    @Test func waitingOutputReachesItsPeerToTheLastByte() throws {
        let (old, generation, peers) = try station(2)
        // 8 MiB, in pieces of 4 KiB.
        peers[0].send(String(repeating: "w", count: 8))
        try waitUntil("much output waits") { generation.counters.pointee.bytesSent.value > 200_000 }
        let heir = try Heir(of: old)
        #expect(try heir.settle() == Succession())
        #expect(try heir.adopt(into: try heir.new.generation(state: Self.kept)) == .adopted(2))
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while bytes.count < 8 << 20 {
            let count = recv(peers[0].descriptor, &buffer, buffer.count, 0)
            try #require(count > 0, "after \(bytes.count) bytes")
            bytes += buffer[..<count]
        }
        let isExact = bytes.withUnsafeBytes { bytes in
            bytes.bindMemory(to: Int.self).enumerated().allSatisfy { $1 == $0 / 512 }
        }
        #expect(bytes.count == 8 << 20 && isExact)
        #expect(peers[0].ask("then") == "then")
        try end(heir, peers)
    }

    @Test func timersGoOnThatHaveAndThatHaveNotExpired() throws {
        let (old, _, peers) = try station(2)
        let heir = try Heir(of: old)
        // Its loop stands still.
        let core = old.loop.core
        let now = core.context.pointee.milliseconds
        core.pointee.connections.pointer(0).pointee.timerDeadline = now - 1
        core.pointee.connections.pointer(1).pointee.timerDeadline = now + 100
        #expect(try heir.settle() == Succession())
        core.pointee.connections.pointer(0).pointee.timerDeadline = 0
        core.pointee.connections.pointer(1).pointee.timerDeadline = 0
        #expect(try heir.adopt(into: try heir.new.generation(state: Self.kept)) == .adopted(2))
        for peer in peers { #expect(peer.receive() == "timer") }
        try end(heir, peers)
    }

    @Test func callsThatNoWorkerHasBegunAreMadeAgain() throws {
        let (old, peers) = try waitingForWorkers(10)
        let heir = try Heir(of: old)
        #expect(try heir.settle() == Succession())
        #expect(try heir.adopt(into: try heir.new.generation(onWorkers: true)) == .adopted(10))
        for (number, peer) in peers.enumerated() { #expect(peer.receive() == "b\(number)") }
        for peer in peers { #expect(peer.ask("n") == "5") }
        try end(heir, peers, resuming: old)
    }

    @Test func callsThatAWorkerHasEndedCountOnce() throws {
        let (old, peers) = try waitingForWorkers(3)
        let heir = try Heir(of: old)
        // The loop stands still, so the results wait in its mailbox.
        let before = old.engine.workers.counts.completed
        old.engine.workers.resume()
        try waitUntil("the worker has ended the calls") { old.engine.workers.counts.completed == before + 3 }
        #expect(try heir.settle() == Succession())
        #expect(try heir.adopt(into: try heir.new.generation(onWorkers: true)) == .adopted(3))
        for (number, peer) in peers.enumerated() { #expect(peer.receive() == "b\(number)") }
        for peer in peers { #expect(peer.ask("n") == "5") }
        try end(heir, peers, resuming: old)
    }

    /// A station whose peers have sent something again that no worker has seen.
    private func waitingForWorkers(_ count: Int) throws -> (Station, [Peer]) {
        let station = try Station(maximumConnections: 1_000)
        let listener = try station.listen(try station.generation(onWorkers: true))
        let peers = try (0..<count).map { number in
            let peer = try Peer(listener.address)
            #expect(peer.ask("a\(number)") == "a\(number)")
            return peer
        }
        try station.stop(listener)
        station.engine.workers.pause()
        for (number, peer) in peers.enumerated() { peer.send("b\(number)") }
        try waitUntil("all wait for a worker") {
            try station.onLoop { core in
                (0..<count).allSatisfy { core.pointee.connections.pointer(UInt32($0)).pointee.place == .worker }
            }
        }
        return (station, peers)
    }

    private func end(_ heir: Heir, _ peers: [Peer], resuming old: Station) throws {
        old.engine.workers.resume()
        try end(heir, peers)
    }

    @Test func aThreadLosesTheConnectionThatItWasChanging() throws {
        let (old, _, peers) = try station(3)
        let heir = try Heir(of: old)
        // Its loop stands still, so this is the loop's own word.
        let core = old.loop.core
        let busy = core.pointee.connections.pointer(1)
        core.context.workOn(busy)
        #expect(try heir.settle() == .lost(.busy))
        core.context.workOn(nil)
        #expect(try heir.adopt(into: try heir.new.generation(state: Self.kept)) == .adopted(2))
        try end(heir, peers)
    }

    @Test func sessionsThatNobodyKeepsAreLost() throws {
        for (before, after, loss) in [
            (StateFormat(), Self.kept, Loss.session), (Self.kept, StateFormat(schema: "other"), .session),
            (Self.kept, StateFormat(version: 2), .session),
        ] {
            let (old, _, peers) = try station(1, before)
            let heir = try Heir(of: old)
            #expect(try heir.settle() == Succession())
            let next = try heir.new.generation(state: after)
            #expect(try heir.adopt(into: next) == .lost(loss))
            #expect(next.isIdle && heir.new.engine.quota.count == 0)
            try end(heir, peers)
        }
    }

    @Test func lentMemoryIsLostWithItsProcess() throws {
        let (old, generation, peers) = try station(2)
        peers[0].send(String(repeating: "l", count: 8))
        try waitUntil("much output waits") { generation.counters.pointee.bytesSent.value > 200_000 }
        let heir = try Heir(of: old)
        #expect(try heir.settle() == .lost(.lent))
        #expect(try heir.adopt(into: try heir.new.generation(state: Self.kept)) == .adopted(1))
        try end(heir, peers)
    }

    @Test func whatNoListenerWantsIsClosed() throws {
        let (old, _, peers) = try station(2)
        let heir = try Heir(of: old)
        #expect(try heir.settle() == Succession())
        let next = try heir.new.generation(state: Self.kept)
        #expect(try heir.adopt(into: next, only: 7) == Succession())
        #expect(heir.new.engine.quota.count == 2)
        #expect(try heir.endLimbo() == .lost(.session, .session))
        #expect(heir.new.engine.quota.count == 0)
        try end(heir, peers)
    }

    @Test func aSecondSuccessorFindsWhatTheFirstHasNotAdoptedYet() throws {
        let (old, _, peers) = try station(3)
        peers[0].send("kab")
        try waitUntil("the input has arrived") {
            old.generations[0].counters.pointee.bytesReceived.value == 6 + 3
        }
        let first = try Heir(of: old)
        #expect(try first.settle() == Succession())
        // Dies with all connections in limbo.
        let second = try Heir(of: first.new)
        #expect(try second.settle() == Succession())
        #expect(try second.adopt(into: try second.new.generation(state: Self.kept)) == .adopted(3))
        #expect(peers[0].ask("e") == "kabe")
        #expect(peers[2].ask("n") == "4")
        for peer in peers { peer.close() }
        try second.new.end()
        second.release()
        _ = try first.endLimbo()
        try first.end()
    }
}
