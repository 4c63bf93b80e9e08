import CMartlet
import Glibc
import Testing

@testable import Engine

/// Connections go on in another engine while the one that had them lives.
@Suite struct DepartureTests {
    /// A station with some connected peers, each of which has asked once.
    private func station(
        _ count: Int, _ format: StateFormat? = StateFormat()
    ) throws -> (Station, Generation, Listener, [Peer]) {
        let station = try Station(maximumConnections: 1_000)
        let generation = try station.generation(state: format)
        let listener = try station.listen(generation)
        let peers = try (0..<count).map { number in
            let peer = try Peer(listener.address)
            #expect(peer.ask("a\(number)") == "a\(number)")
            return peer
        }
        return (station, generation, listener, peers)
    }

    private func end(_ heir: Heir, _ peers: [Peer]) throws {
        for peer in peers { peer.close() }
        try heir.end()
    }

    /// The plugin need not keep checkpoints: sessions are saved for this.
    @Test func connectionsMoveWithTheirSessionsAndTheirIds() throws {
        let (old, former, listener, peers) = try station(600)
        let ids = peers.map { $0.ask("#") }
        let heir = try Heir(ofLiving: old)
        let next = try heir.new.generation()
        #expect(try heir.move(into: next) == .adopted(600))
        try waitUntil("they have left") {
            former.open == 0 && old.engine.quota.count == 0 && old.admission.quota.count == 0
        }
        #expect(next.open == 600 && heir.new.engine.quota.count == 600)
        for (number, peer) in peers.enumerated() {
            #expect(peer.ask("n") == "\("a\(number)".utf8.count + 2)")
            #expect(peer.ask("#") == ids[number])
        }
        // The old station accepts no more: the other one does, from the same socket.
        let late = try Peer(listener.address)
        late.send("here")
        let another = try heir.new.listen(next, with: listener)
        #expect(late.receive() == "here")
        try old.stop(listener)
        let last = try Peer(listener.address)
        #expect(last.ask("here") == "here")
        try heir.new.stop(another)
        #expect(former.counters.pointee.accepted.value == 600)
        try end(heir, peers + [late, last])
    }

    /// So that no peer waits for all of them.
    @Test func onePortionMovesAfterTheOther() throws {
        let (old, former, listener, peers) = try station(600)
        let heir = try Heir(ofLiving: old)
        let next = try heir.new.generation()
        #expect(try heir.move(into: next, chunks: 0..<1) == .adopted(256))
        try waitUntil("they have left") { former.open == 344 }
        for (number, peer) in peers.enumerated() { #expect(peer.ask("n") == "\("a\(number)".utf8.count + 1)") }
        #expect(try heir.move(into: next, chunks: 0..<1) == Succession())
        #expect(try heir.move(into: next, chunks: 1..<3) == .adopted(344))
        for (number, peer) in peers.enumerated() { #expect(peer.ask("n") == "\("a\(number)".utf8.count + 2)") }
        try waitUntil("they have left") { former.open == 0 }
        #expect(next.open == 600)
        try old.stop(listener)
        try end(heir, peers)
    }

    /// Otherwise a message of one would not reach the other.
    @Test func theConnectionsOfAListenerWithGroupsMoveTogether() throws {
        let (old, former, listener, peers) = try station(300)
        try old.onLoop { core in
            var isIn = false
            core.pointee.connections.forEachOpen(inChunk: 1) { connection in
                guard !isIn else { return }
                isIn = Array("room".utf8).withUnsafeBytes {
                    core.join(connection, $0, isClosing: false, backlog: 0, loopCount: 1) == MARTLET_OK
                }
            }
            #expect(isIn)
        }
        let heir = try Heir(ofLiving: old)
        let next = try heir.new.generation()
        #expect(try heir.move(into: next, chunks: 0..<1) == .adopted(300))
        try waitUntil("they have left") { former.open == 0 }
        for peer in peers { #expect(peer.ask("here") == "here") }
        try old.stop(listener)
        try end(heir, peers)
    }

    @Test func theLastPortionIsKnown() throws {
        let (old, _, listener, peers) = try station(300)
        for (chunks, isLast) in [(0..<1, false), (0..<2, true), (1..<2, true), (2..<3, true), (0..<Int.max, true)] {
            let standstill = EngineStandstill(old.engine, chunks: chunks)
            #expect(standstill.begin(patience: 1_000, standing: 10_000)?.isLast == isLast)
            #expect(standstill.goOn(without: nil))
        }
        for peer in peers { #expect(peer.ask("here") == "here") }
        for peer in peers { peer.close() }
        try old.stop(listener)
        try old.end()
    }

    @Test func whatCannotGoStaysAndFollowsWhenItCan() throws {
        let (old, former, listener, peers) = try station(3)
        let id = peers[1].ask("#")
        peers[1].send(String(repeating: "l", count: 8))
        try waitUntil("lent memory waits") { former.counters.pointee.bytesSent.value > 200_000 }
        let heir = try Heir(ofLiving: old)
        let next = try heir.new.generation()
        #expect(try heir.move(into: next) == .adopted(2))
        try waitUntil("the others have left") { former.open == 1 }
        #expect(next.open == 2)
        // Its id stays its own.
        let another = try heir.new.listen(next)
        let others = try (0..<300).map { _ in try Peer(another.address) }
        #expect(others.allSatisfy { $0.ask("#") != id })
        #expect(peers[0].ask("here") == "here")
        #expect(try heir.move(into: next) == Succession())
        var left = 8 * EchoSession.lentCount
        while left > 0 {
            let count = peers[1].receive(1 << 20).utf8.count
            try #require(count > 0)
            left -= count
        }
        #expect(peers[1].ask("there") == "there")
        #expect(try heir.move(into: next) == .adopted(1))
        #expect(peers[1].ask("#") == id)
        try waitUntil("it has left") { former.open == 0 }
        try old.stop(listener)
        try heir.new.stop(another)
        try end(heir, peers + others)
    }

    /// The slot of a connection that ends in the old station is free in the new one, once that has asked again.
    @Test func slotsOfThoseThatEndThereAreFree() throws {
        let (old, former, listener, peers) = try station(256, nil)
        let heir = try Heir(ofLiving: old)
        let next = try heir.new.generation()
        #expect(try heir.move(into: next) == Succession())
        #expect(try heir.new.onLoop { $0.pointee.connections.count } == 256)
        for peer in peers[..<200] { peer.close() }
        try waitUntil("they are closed") { former.open == 56 }
        #expect(try heir.move(into: next) == Succession())
        #expect(try heir.new.onLoop { $0.pointee.connections.count } == 56)
        try old.stop(listener)
        try end(heir, Array(peers[200...]))
    }

    @Test func withoutAnAnswerInTimeEverythingGoesOnAsItWas() throws {
        let (old, former, listener, peers) = try station(5)
        let heir = try Heir(ofLiving: old)
        let next = try heir.new.generation()
        let standstill = EngineStandstill(old.engine)
        #expect(standstill.begin(patience: 10_000, standing: 2_000) != nil)
        #expect(try heir.take().count == 5)
        for peer in peers { peer.send("x") }
        for peer in peers { #expect(peer.receive() == "x") }
        #expect(!standstill.goOn(without: SlotSet()))
        #expect(try heir.endLimbo(stays: true) == Succession())
        for peer in peers { #expect(peer.ask("y") == "y") }
        #expect(former.open == 5 && heir.new.engine.quota.count == 0)
        // Their slots are still kept for them.
        #expect(try heir.move(into: next) == .adopted(5))
        for peer in peers { #expect(peer.ask("z") == "z") }
        try old.stop(listener)
        try end(heir, peers)
    }

    /// Otherwise two successors would serve the same socket.
    @Test func whatIsOfferedBelongsToTheOtherUntilItLetsGo() throws {
        let (old, former, listener, peers) = try station(3)
        let first = try Heir(ofLiving: old)
        _ = try first.new.generation()
        let standstill = EngineStandstill(old.engine)
        #expect(standstill.begin(patience: 1_000, standing: 10_000) != nil)
        #expect(try first.take().count == 3)
        // Dies at this moment.
        let second = try Heir(of: first.new)
        let next = try second.new.generation()
        #expect(try second.settle(hasOffered: false) == Succession())
        #expect(try second.adopt(into: next) == Succession())
        #expect(standstill.goOn(without: nil))
        for peer in peers { #expect(peer.ask("here") == "here") }
        #expect(former.open == 3)
        // If the other had let go, they would be here.
        #expect(try second.settle() == Succession())
        #expect(try second.adopt(into: next, afterCrash: false) == .adopted(3))
        for peer in peers { peer.close() }
        try second.new.end()
        second.release()
        _ = try first.endLimbo(stays: true)
        try old.stop(listener)
        try first.end()
    }

    /// What was saved for a move that did not happen must not be believed after a crash.
    @Test func aSessionThatHasStayedLeavesNoOldStateBehind() throws {
        let (old, _, listener, peers) = try station(2)
        let standstill = EngineStandstill(old.engine)
        #expect(standstill.begin(patience: 1_000, standing: 10_000) != nil)
        #expect(standstill.goOn(without: nil))
        for peer in peers { #expect(peer.ask("more") == "more") }
        try old.stop(listener)
        let heir = try Heir(of: old)
        #expect(try heir.settle() == Succession())
        #expect(try heir.adopt(into: try heir.new.generation()) == .lost(.session, .session))
        try end(heir, peers)
    }

    @Test func aLoopThatDoesNotTurnStopsNothing() throws {
        let (old, _, listener, peers) = try station(1)
        let gate = Gate()
        old.loop.run { _ in gate.wait() }
        let standstill = EngineStandstill(old.engine)
        #expect(standstill.begin(patience: 10, standing: 50) == nil)
        gate.open()
        #expect(peers[0].ask("here") == "here")
        peers[0].close()
        try old.stop(listener)
        try old.end()
    }
}
