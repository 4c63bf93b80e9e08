import CMartlet
import Glibc
import PluginABI
import Testing
import Threads

@testable import Engine

/// Sessions that move to another generation, permanently or for one call.
@Suite struct SessionMoveTests {
    private func migrate(_ station: Station, from old: Generation, to new: Generation) throws -> LoopPointer.Migration {
        let (source, target) = (Sent(old.binding), Sent(new.binding))
        return try station.onLoop { $0.migrate(from: source.value, to: target.value, piece: 0) }
    }

    /// Runs a function of a generation for the connection of a peer, and returns what it writes.
    private func post(
        _ function: @escaping martlet_delivery, of generation: Generation, to peer: Peer, _ station: Station
    )
        throws -> String
    {
        let id = ConnectionID(rawValue: try #require(UInt64(peer.ask("#"))))
        #expect(generation.ledger.enter())
        let loop = try #require(station.engine.loop(of: id))
        loop.deliver(try #require(loop.promise(function, to: id, context: nil, ledger: generation.ledger)))
        return peer.receive()
    }

    private static let tellsWhereItIs: martlet_delivery = { _, _, handle, session in
        let text = "in \(EchoSession.of(session).pointee.generation)"
        _ = ConnectionPointer(handle: handle)!.write(text, text.utf8.count)
    }

    @Test func aSessionMovesWithItsState() throws {
        let station = try Station()
        let (old, new) = (try station.generation(), try station.generation())
        let listener = try station.listen(old)
        let peer = try Peer(listener.address)
        #expect(peer.ask("12345") == "12345")
        let moves = try migrate(station, from: old, to: new)
        #expect(moves.migrated == 1 && moves.waiting == 0 && moves.pinned == 0 && moves.next == nil)
        #expect(peer.ask("?") == "2")
        #expect(peer.ask("n") == "7", "five, the question, and this one")
        #expect(old.open == 0 && new.open == 1)
        #expect(old.counters.pointee.movedOut.value == 1 && new.counters.pointee.movedIn.value == 1)
        peer.close()
        try station.stop(listener)
        try station.end()
    }

    @Test func aSessionWhoseStateDoesNotFitStays() throws {
        let station = try Station()
        let old = try station.generation()
        let others = [
            try station.generation(state: nil),
            try station.generation(state: StateFormat(schema: "other")),
            try station.generation(state: StateFormat(version: 2)),
        ]
        let listener = try station.listen(old)
        let peer = try Peer(listener.address)
        for other in others {
            #expect(peer.ask("?") == "1")
            #expect(try migrate(station, from: old, to: other).pinned == 1)
        }
        #expect(peer.ask("?") == "1")
        peer.close()
        try station.stop(listener)
        try station.end()
    }

    @Test func aDeliveryOfAnotherGenerationGetsTheSessionForOneCall() throws {
        let station = try Station()
        let (here, home) = (try station.generation(), try station.generation())
        let listener = try station.listen(here)
        let peer = try Peer(listener.address)
        #expect(try post(Self.tellsWhereItIs, of: here, to: peer, station) == "in 1")
        #expect(try post(Self.tellsWhereItIs, of: home, to: peer, station) == "in 2")
        #expect(peer.ask("?") == "1", "it has gone back")
        #expect(peer.ask("n") == "4", "with its state")
        #expect(here.counters.pointee.movedOut.value == 1 && here.counters.pointee.movedIn.value == 1)
        #expect(home.counters.pointee.movedIn.value == 1 && home.counters.pointee.movedOut.value == 1)
        #expect(here.open == 1 && home.open == 0)
        #expect(here.ledger.isEmpty && home.ledger.isEmpty)
        peer.close()
        try station.stop(listener)
        try station.end()
    }

    @Test func aDeliveryWhoseSessionCannotComeIsCancelled() throws {
        let station = try Station()
        let here = try station.generation()
        let home = try station.generation(state: StateFormat(schema: "other"))
        let listener = try station.listen(here)
        let peer = try Peer(listener.address)
        let id = ConnectionID(rawValue: try #require(UInt64(peer.ask("#"))))
        let called = UnsafeMutablePointer<Int>.allocate(capacity: 1)
        called.initialize(to: 0)
        defer { called.deallocate() }
        #expect(home.ledger.enter())
        let loop = try #require(station.engine.loop(of: id))
        let delivery = loop.promise(
            { _, context, handle, session in
                if handle == nil && session == nil { context!.assumingMemoryBound(to: Int.self).pointee += 1 }
            }, to: id, context: called, ledger: home.ledger)
        loop.deliver(try #require(delivery))
        try waitUntil("it is settled") { home.ledger.isEmpty }
        #expect(called.pointee == 1)
        #expect(here.counters.pointee.lostDeliveries.value == 1)
        #expect(peer.ask("?") == "1")
        peer.close()
        try station.stop(listener)
        try station.end()
    }

    /// Output that a session has lent stays with the generation that lent it, which is not idle until it is returned.
    @Test func aLoanKeepsItsGenerationWhenTheSessionHasMoved() throws {
        let station = try Station()
        let (old, new) = (try station.generation(), try station.generation())
        let listener = try station.listen(old)
        let peer = try Peer(listener.address)
        // More than the kernel buffers for a peer that does not read.
        let loans = 16
        peer.send(String(repeating: "l", count: loans))
        try waitUntil("something waits") { old.counters.pointee.loans > 0 }
        #expect(try migrate(station, from: old, to: new).migrated == 1)
        #expect(old.open == 0 && new.open == 1)
        #expect(old.counters.pointee.loans > 0 && !old.isIdle)
        let drained = Reply<Bool>()
        let binding = Sent(old.binding)
        try station.onLoop { $0.retire(binding.value) { drained.set(true) } }
        #expect(drained.wait(until: .after(milliseconds: 20)) == nil)
        var left = loans * EchoSession.lentCount
        while left > 0 {
            let count = peer.receive(1 << 20).utf8.count
            try #require(count > 0)
            left -= count
        }
        #expect(drained.wait(until: .after(milliseconds: 10_000)) == true)
        #expect(old.isIdle)
        peer.close()
        try station.stop(listener)
        try station.end()
    }
}
