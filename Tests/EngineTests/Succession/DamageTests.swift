import CMartlet
import Glibc
import TestInput
import Testing

@testable import Engine

/// A plugin that ran wild may have written anywhere in the arena. What it has damaged is lost; nothing of it is believed.
@Suite struct DamageTests {
    private static let kept = StateFormat(flags: MARTLET_SESSION_CHECKPOINT_ALWAYS)

    /// Three peers, of which the second has unconsumed input, and the third has output that waits.
    private func station() throws -> (Station, [Peer]) {
        let station = try Station()
        let generation = try station.generation(state: Self.kept)
        let listener = try station.listen(generation)
        let peers = try (0..<3).map { _ in
            let peer = try Peer(listener.address)
            #expect(peer.ask("a") == "a")
            return peer
        }
        peers[1].send("kab")
        peers[2].send(String(repeating: "w", count: 8))
        try waitUntil("they wait") {
            generation.counters.pointee.bytesReceived.value == 3 + 3 + 8
                && generation.counters.pointee.bytesSent.value > 200_000
        }
        try station.stop(listener)
        return (station, peers)
    }

    /// What is overwritten, of the second and of the third peer, and what that means.
    struct Damage: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let loss: Loss
        let apply: @Sendable (_ second: ConnectionPointer, _ third: ConnectionPointer) -> Void

        init(
            _ name: String, _ loss: Loss = .damaged,
            _ apply: @escaping @Sendable (_ second: ConnectionPointer, _ third: ConnectionPointer) -> Void
        ) {
            (testDescription, self.loss, self.apply) = (name, loss, apply)
        }
    }

    private static func byte(_ path: PartialKeyPath<ConnectionSlot>, of connection: ConnectionPointer, _ value: UInt8) {
        UnsafeMutableRawPointer(connection).storeBytes(
            of: value, toByteOffset: MemoryLayout<ConnectionSlot>.offset(of: path)!, as: UInt8.self)
    }

    private static func state(of connection: ConnectionPointer, _ word: UInt32) {
        UnsafeMutableRawPointer(connection).storeBytes(
            of: word, toByteOffset: MemoryLayout<ConnectionSlot>.offset(of: \.state)!, as: UInt32.self)
    }

    static let damages = [
        Damage("a state that there is not") { second, _ in state(of: second, .max) },
        Damage("a state that contradicts itself") { second, _ in state(of: second, 1 << 28 | 4) },
        Damage("a place that there is not") { second, _ in byte(\.place, of: second, 77) },
        Damage("the slot of another") { second, third in memcpy(second, third, MemoryLayout<ConnectionSlot>.size) },
        Damage("another id") { second, _ in second.pointee.generation += 1 },
        Damage("no id") { second, _ in second.pointee.generation = 0 },
        Damage("the socket of another", .socket) { second, third in
            second.pointee.descriptor = third.pointee.descriptor
        },
        Damage("no socket", .socket) { second, _ in second.pointee.descriptor = -1 },
        Damage("a closed socket", .socket) { second, _ in second.pointee.descriptor = 900 },
        Damage("more input than there is") { second, _ in second.pointee.inputCount += 1 },
        Damage("input from elsewhere in the buffer") { second, _ in second.pointee.inputStart += 1 },
        Damage("a larger buffer of input") { second, _ in second.pointee.inputCapacity *= 2 },
        Damage("input outside of the file") { second, _ in
            second.links.pointee.input = UnsafeMutableRawPointer(bitPattern: 4_096)
            second.sealInput()
        },
        Damage("the input of another") { second, third in
            second.links.pointee.input = third.links.pointee.outputHead!.pointee.block
            second.sealInput()
        },
        Damage("a session that is kept nowhere") { second, _ in
            second.recovery.pointee.bytes = UnsafeMutableRawPointer(bitPattern: 4_096)
        },
        Damage("the session of another") { second, third in
            second.recovery.pointee.bytes = third.recovery.pointee.bytes
        },
        Damage("a longer session") { second, _ in second.recovery.pointee.keptCount = .max },
        Damage("a session of a kind that there is not") { second, _ in
            UnsafeMutableRawPointer(second.recovery).storeBytes(
                of: 9, toByteOffset: MemoryLayout<RecoveryRecord>.offset(of: \.kept)!, as: UInt8.self)
        },
        Damage("more output than there is") { _, third in third.links.pointee.outputHead!.pointee.remaining += 1 },
        Damage("output from elsewhere") { _, third in third.links.pointee.outputHead!.pointee.position! += 8 },
        Damage("a file as output") { _, third in third.links.pointee.outputHead!.pointee.kind = .file },
        Damage("output of a kind that there is not") { _, third in
            UnsafeMutableRawPointer(third.links.pointee.outputHead!).storeBytes(
                of: 9, toByteOffset: MemoryLayout<OutputSegment>.offset(of: \.kind)!, as: UInt8.self)
        },
        Damage("output that follows itself") { _, third in
            third.links.pointee.outputHead!.pointee.next = third.links.pointee.outputHead
        },
        Damage("output outside of the file") { _, third in
            third.links.pointee.outputHead = UnsafeMutablePointer(bitPattern: 4_096)
        },
        Damage("the bytes of another as output") { second, third in
            let head = third.links.pointee.outputHead!
            head.pointee.position = second.links.pointee.input
            head.pointee.block = second.links.pointee.input
            head.pointee.remaining = 3
            head.pointee.seal = head.pointee.expectedSeal
        },
        Damage("a listener that there is not", .session) { second, _ in second.recovery.pointee.listener = 99 },
        Damage("a schema that there is not", .session) { second, _ in second.recovery.pointee.form = 99 },
        Damage("a version that there is not", .session) { second, _ in second.recovery.pointee.version = 99 },
    ]

    @Test(arguments: damages) func oneIsLostAndTheOthersGoOn(_ damage: Damage) throws {
        let (old, peers) = try station()
        nonisolated(unsafe) var undo: [(UnsafeMutableRawPointer, [UInt8])] = []
        let heir = try Heir(of: old) { _ in
            let connections = old.loop.core.pointee.connections.pointers(1...2)
            for connection in connections {
                var places = [
                    (UnsafeMutableRawPointer(connection), MemoryLayout<ConnectionSlot>.size),
                    (UnsafeMutableRawPointer(connection.links), MemoryLayout<ConnectionLinks>.size),
                    (UnsafeMutableRawPointer(connection.recovery), MemoryLayout<RecoveryRecord>.size),
                ]
                if let head = connection.links.pointee.outputHead {
                    places.append((UnsafeMutableRawPointer(head), MemoryLayout<OutputSegment>.size))
                }
                for (place, count) in places {
                    undo.append((place, Array(UnsafeRawBufferPointer(start: place, count: count))))
                }
            }
            damage.apply(connections[0], connections[1])
        }
        var sum = try heir.settle()
        sum = sum + (try heir.adopt(into: try heir.new.generation(state: Self.kept)))
        sum = sum + (try heir.endLimbo())
        #expect(sum == .adopted(2) + .lost(damage.loss))
        #expect(peers[0].ask("n") == "2")
        // The old station goes on with what it had.
        for (place, bytes) in undo { place.copyMemory(from: bytes, byteCount: bytes.count) }
        for peer in peers { peer.close() }
        try heir.end()
    }

    /// Anything anywhere: the successor survives it, and each peer gets only bytes of its own.
    @Test(arguments: seeds()) func noByteOfAPeerReachesAnother(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let station = try Station()
        let generation = try station.generation(state: Self.kept)
        let listener = try station.listen(generation)
        // Each peer has a letter of its own, and leaves some of it with the host.
        let letters = (0..<20).map { UInt8(ascii: "A") + UInt8($0) }
        let peers = try letters.map { letter in
            let (peer, count) = (try Peer(listener.address), Int.random(in: 1...3_000, using: &random))
            peer.send("k" + String(repeating: Character(UnicodeScalar(letter)), count: count))
            return (peer, count)
        }
        let all = peers.reduce(0) { $0 + $1.1 + 1 }
        try waitUntil("they wait") { generation.counters.pointee.bytesReceived.value == UInt64(all) }
        try station.stop(listener)
        var saved: [UInt8] = []
        let offset = Arena.blocksOffset(size: station.engine.arena.size)
        let length = 1 << 20
        nonisolated(unsafe) let base = station.engine.arena.base
        let heir = try Heir(of: station) { arena in
            let range = UnsafeMutableRawBufferPointer(rebasing: arena[offset..<offset + length])
            saved = Array(range)
            for _ in 0..<Int.random(in: 1...400, using: &random) {
                // Mostly where the slots, the links and the records are.
                let place = Int.random(in: 0..<(Bool.random(using: &random) ? 100_000 : length) / 8, using: &random) * 8
                let from = Int.random(in: 0..<100_000 / 8, using: &random) * 8
                let word =
                    Bool.random(using: &random)
                    ? random.next() : range.loadUnaligned(fromByteOffset: from, as: UInt64.self)
                range.storeBytes(of: word, toByteOffset: place, as: UInt64.self)
            }
        }
        var sum = try heir.settle()
        sum = sum + (try heir.adopt(into: try heir.new.generation(state: Self.kept)))
        sum = sum + (try heir.endLimbo())
        // What was written into free slots counts as lost too.
        #expect(sum.adopted <= 20)
        for (number, (peer, count)) in peers.enumerated() {
            peer.send("e")
            guard peer.hasInput(within: 20) else { continue }
            let text = peer.receive(1 << 16)
            // Single words inside of its own buffer may be damaged, which nobody notices; bytes of another peer would come as a run.
            let foreign = letters.filter { letter in
                letter != letters[number]
                    && text.contains(String(repeating: Character(UnicodeScalar(letter)), count: 16))
            }
            #expect(
                foreign.isEmpty, "seed \(seed): a peer that has sent \(count) of \(letters[number]) gets \(foreign)")
        }
        (base + offset).copyMemory(from: saved, byteCount: saved.count)
        for (peer, _) in peers { peer.close() }
        try heir.end()
    }

    private static func seeds() -> [UInt64] { (1...20).map { $0 } }
}

extension ConnectionPool {
    fileprivate func pointers(_ range: ClosedRange<UInt32>) -> [ConnectionPointer] { range.map { pointer($0) } }
}

extension Peer {
    fileprivate func hasInput(within milliseconds: Int32) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, milliseconds) > 0
    }
}
