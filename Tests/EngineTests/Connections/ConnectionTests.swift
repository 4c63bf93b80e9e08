import Glibc
import Testing
import Threads

@testable import Engine

/// Connections on a real event loop: accepted, served, counted, and handed to other instances.
@Suite struct ConnectionTests {
    @Test func aPeerIsServedAndCounted() throws {
        let station = try Station()
        let generation = try station.generation()
        let listener = try station.listen(generation)
        let peer = try Peer(listener.address)
        #expect(peer.ask("hello") == "hello")
        #expect(peer.ask("n") == "6")
        #expect(generation.open == 1)
        #expect(station.admission.quota.count == 1 && station.engine.quota.count == 1)
        #expect(generation.counters.pointee.bytesReceived.value == 6)
        peer.close()
        try waitUntil("it is gone") { generation.open == 0 }
        #expect(generation.counters.pointee.accepted.value == 1)
        try station.stop(listener)
        try station.end()
        #expect(station.admission.quota.count == 0 && station.engine.quota.count == 0)
    }

    @Test func atALimitPeersWaitUntilOthersLeave() throws {
        let station = try Station(connections: 1)
        let generation = try station.generation()
        let listener = try station.listen(generation)
        let first = try Peer(listener.address)
        #expect(first.ask("a") == "a")
        let second = try Peer(listener.address)
        second.send("b")
        try waitUntil("the loop has noticed") { generation.counters.pointee.hits[.connections] > 0 }
        #expect(!second.hasInput && generation.open == 1)
        first.close()
        #expect(second.receive() == "b")
        second.close()
        try station.stop(listener)
        try station.end()
    }

    /// Closing the socket would reset the peers in its accept queue.
    @Test func theLastAcceptTakesAllPeersWhateverTheLimit() throws {
        let station = try Station(connections: 1, maximumConnections: 2)
        let generation = try station.generation()
        let listener = try station.listen(generation)
        let peers = try (0..<4).map { _ in try Peer(listener.address) }
        #expect(peers[0].ask("first") == "first")
        #expect(generation.open == 1)
        try station.stop(listener)
        #expect(generation.open == 4)
        #expect(station.admission.quota.count == 4 && station.engine.quota.count == 4)
        for peer in peers { #expect(peer.ask("x") == "x") }
        for peer in peers { peer.close() }
        try station.end()
        #expect(station.admission.quota.count == 0 && station.engine.quota.count == 0)
    }

    /// A loop that accepts the peers of a stuck loop leaves the socket as it was.
    @Test func aBorrowedSocketIsReturnedWithItsWaitingPeers() throws {
        let station = try Station()
        let generation = try station.generation()
        let group = try Station.group()
        let descriptor = group.descriptors[0]
        defer { close(descriptor) }
        nonisolated(unsafe) let binding = generation.binding
        // The borrowed descriptor is a duplicate, which the loop closes.
        let duplicate = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        let borrowed = try station.onLoop { core in
            Sent(core.listen(descriptor: duplicate, shared: false, binding: binding, isBorrowed: true))
        }
        let served = try Peer(group.address)
        #expect(served.ask("by another") == "by another")
        try station.onLoop { $0.stopListening(borrowed.value) }
        let waiting = try Peer(group.address)
        let accepted = accept(descriptor, nil, nil)
        #expect(accepted >= 0, "the owner can take it")
        close(accepted)
        waiting.close()
        #expect(served.ask("still") == "still")
        served.close()
        try station.end()
    }

    /// The last peer has its turn after at most `fairEvents` events of the other listener, however many wait.
    @Test func aFloodedListenerLeavesTheOtherItsTurn() throws {
        let station = try Station()
        let flooded = try station.generation()
        let other = try station.generation(admission: Admission(connections: 0, listeners: station.engine.listeners))
        let listeners = [try station.listen(flooded), try station.listen(other)]
        let flood = try (0..<64).map { _ in try Peer(listeners[0].address) }
        let victim = try Peer(listeners[1].address)
        for peer in flood + [victim] { #expect(peer.ask("x") == "x") }
        let (gate, began) = (Reply<Bool>(), Reply<Bool>())
        station.loop.run { _ in
            began.set(true)
            _ = gate.wait()
        }
        _ = began.wait()
        for peer in flood { peer.send("o") }
        victim.send("o")
        gate.set(true)
        let turn = try #require(Int(victim.receive()))
        let turns = try flood.map { try #require(Int($0.receive())) }
        #expect(turns.count { $0 < turn } <= Int(LoopCore.fairEvents))
        for peer in flood + [victim] { peer.close() }
        for listener in listeners { try station.stop(listener) }
        try station.end()
    }

    @Test func aSwapGivesTheNextConnectionsToAnotherInstance() throws {
        let station = try Station()
        let (old, new) = (try station.generation(), try station.generation())
        let listener = try station.listen(old)
        let before = try Peer(listener.address)
        #expect(before.ask("?") == "1")
        let (socket, binding) = (Sent(listener.socket), Sent(new.binding))
        try station.onLoop { _ in socket.value.pointee.binding = binding.value }
        let after = try Peer(listener.address)
        #expect(after.ask("?") == "2")
        #expect(before.ask("?") == "1")
        for peer in [before, after] { peer.close() }
        try station.stop(listener)
        try station.end()
    }

    @Test func aShareOfTheConnectionsGoesToATrial() throws {
        let station = try Station()
        let (current, candidate) = (try station.generation(), try station.generation())
        let listener = try station.listen(current)
        let (socket, binding) = (Sent(listener.socket), Sent(candidate.binding))
        try station.onLoop { _ in
            (socket.value.pointee.candidate, socket.value.pointee.share) = (binding.value, 25)
        }
        let peers = try (0..<8).map { _ in try Peer(listener.address) }
        #expect(peers.map { $0.ask("?") }.count { $0 == "2" } == 2)
        for peer in peers { peer.close() }
        try station.stop(listener)
        try station.end()
    }
}
