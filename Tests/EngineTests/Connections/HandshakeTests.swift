import Glibc
import PluginABI
import Synchronization
import Testing

@testable import Engine

/// What comes before the protocol, when a worker makes a step of it.
@Suite struct HandshakeTests {
    /// Its handshake does what the test says; then bytes pass as they are.
    private final class Source: TransportSource, @unchecked Sendable {
        private let steps: Mutex<[HandshakeStep]>
        /// A step on a worker waits for it.
        let gate = Gate()
        let isOnWorker = Atomic(false)

        init(_ steps: [HandshakeStep]) { self.steps = Mutex(steps) }

        func begin(_ connection: ConnectionPointer) -> Limit? {
            connection.links.pointee.transport = ScriptedTransport.pointer
            connection.links.pointee.transportState = Unmanaged.passUnretained(self).toOpaque()
            return nil
        }

        func next() -> HandshakeStep { steps.withLock { $0.isEmpty ? .failed : $0.removeFirst() } }
    }

    private enum ScriptedTransport: Transport {
        nonisolated(unsafe) static let pointer = permanent(ScriptedTransport.self as any Transport.Type)

        static func handshake(_ connection: ConnectionPointer) -> HandshakeStep {
            let source = Unmanaged<Source>.fromOpaque(connection.links.pointee.transportState!).takeUnretainedValue()
            if connection.isOnWorker {
                source.isOnWorker.store(true, ordering: .releasing)
                source.gate.wait()
            }
            return source.next()
        }

        static func receive(
            _ connection: ConnectionPointer, into room: UnsafeMutableRawBufferPointer
        ) -> TransportResult { connection.socketReceive(room.baseAddress!, room.count) }

        static func peek(_ connection: ConnectionPointer, into room: UnsafeMutableRawBufferPointer) -> TransportResult {
            .wantsRead
        }

        static func send(_ connection: ConnectionPointer, _ bytes: UnsafeRawBufferPointer) -> TransportResult {
            connection.socketSend(bytes.baseAddress!, bytes.count)
        }

        static func send(
            _ connection: ConnectionPointer, vector: UnsafeBufferPointer<iovec>, more: Bool
        ) -> TransportResult { .endOfInput }

        static func send(_ connection: ConnectionPointer, file: Int32, offset: UInt64, count: Int) -> TransportResult {
            .endOfInput
        }

        static func pending(_ connection: ConnectionPointer) -> Int { 0 }
        static func finish(_ connection: ConnectionPointer) { connection.socketFinish() }
        static func close(_ connection: ConnectionPointer, reset: Bool) {}
    }

    /// Calls `body` while a worker makes the second step for a peer that has sent "a".
    private func withWorker(
        _ steps: [HandshakeStep], _ body: (Station, Generation, Source, Peer) throws -> Void
    ) throws {
        let station = try Station()
        let generation = try station.generation()
        let source = Source([.wantsWorker] + steps)
        station.admission.setTransport(source)
        let listener = try station.listen(generation)
        let peer = try Peer(listener.address)
        peer.send("a")
        try waitUntil("it is with a worker") { source.isOnWorker.load(ordering: .acquiring) }
        try body(station, generation, source, peer)
        peer.close()
        try station.stop(listener)
        try station.end()
    }

    /// The peer's answer may come before the worker has said that it waits for it.
    @Test func whatArrivesMeanwhileIsNoticed() throws {
        try withWorker([.wantsRead, .done]) { station, generation, source, peer in
            peer.send("b")
            try waitUntil("the loop has noted it") {
                try station.onLoop { $0.pointee.away.values.contains { $0.events != 0 } }
            }
            source.gate.open()
            #expect(peer.receive() == "ab")
            #expect(generation.open == 1)
        }
    }

    @Test func noSessionBeginsWhileTheCallbacksStandStill() throws {
        try withWorker([.done, .done]) { station, generation, source, peer in
            try station.onLoop { _ = $0.park(nil, piece: 0) }
            source.gate.open()
            try waitUntil("it is parked") { try station.onLoop { $0.pointee.away.isEmpty } }
            nonisolated(unsafe) let binding = generation.binding
            try station.onLoop { _ = $0.unpark([binding], piece: 0) }
            #expect(peer.receive() == "a")
        }
    }

    /// A reload during the step: the session begins in the next generation.
    @Test func itFollowsTheNextGeneration() throws {
        try withWorker([.done]) { station, generation, source, peer in
            let next = try station.generation()
            nonisolated(unsafe) let (old, new) = (generation.binding, next.binding)
            try station.onLoop { _ = $0.migrate(from: old, to: new, piece: 0) }
            source.gate.open()
            #expect(peer.receive() == "a")
            #expect(generation.open == 0 && next.open == 1)
            peer.close()
            try waitUntil("it is gone") { next.open == 0 }
        }
    }

    @Test func aDrainEndsItBeforeItsSessionBegins() throws {
        try withWorker([.wantsRead]) { station, generation, source, peer in
            nonisolated(unsafe) let binding = generation.binding
            try station.onLoop { _ = $0.drain(binding, piece: 0) }
            source.gate.open()
            #expect(peer.receive() == "")
            try waitUntil("it is gone") { generation.open == 0 }
        }
    }

    @Test func oneThatIsEndedMeanwhileEndsWhenItComesBack() throws {
        try withWorker([.done]) { station, generation, source, peer in
            try station.onLoop { core in
                for index in core.pointee.away.keys {
                    core.awayRecord(core.pointee.connections.pointer(index)) { $0.end = .shutdown }
                }
            }
            source.gate.open()
            #expect(peer.receive() == "")
            try waitUntil("it is gone") { generation.open == 0 }
        }
    }

    @Test func aStepThatFailsEndsIt() throws {
        try withWorker([.failed]) { station, generation, source, peer in
            source.gate.open()
            #expect(peer.receive() == "")
            #expect(generation.counters.pointee.hits[.transport] == 1)
        }
    }
}
