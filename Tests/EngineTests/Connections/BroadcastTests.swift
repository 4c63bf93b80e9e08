import CMartlet
import Glibc
import PluginABI
import Testing

@testable import Engine

/// Messages to groups, as the transport sees them.
@Suite struct BroadcastTests {
    /// A peer, and the calls that sent something to it.
    private final class Wire: @unchecked Sendable {
        var output: [UInt8] = []
        var calls = 0
        var isFull = false

        func put(_ parts: [UnsafeRawBufferPointer]) -> TransportResult {
            if isFull { return .wantsWrite }
            calls += 1
            for part in parts { output += part }
            return .bytes(parts.reduce(0) { $0 + $1.count })
        }

        static func of(_ connection: ConnectionPointer) -> Wire {
            Unmanaged<Wire>.fromOpaque(connection.links.pointee.transportState!).takeUnretainedValue()
        }
    }

    private enum WireTransport: Transport {
        nonisolated(unsafe) static let pointer = permanent(WireTransport.self as any Transport.Type)

        static func handshake(_ connection: ConnectionPointer) -> HandshakeStep { .done }

        static func receive(
            _ connection: ConnectionPointer, into room: UnsafeMutableRawBufferPointer
        ) -> TransportResult {
            .wantsRead
        }

        static func peek(_ connection: ConnectionPointer, into room: UnsafeMutableRawBufferPointer) -> TransportResult {
            .wantsRead
        }

        static func send(_ connection: ConnectionPointer, _ bytes: UnsafeRawBufferPointer) -> TransportResult {
            Wire.of(connection).put([bytes])
        }

        static func send(
            _ connection: ConnectionPointer, vector: UnsafeBufferPointer<iovec>, more: Bool
        ) -> TransportResult {
            Wire.of(connection).put(vector.map { UnsafeRawBufferPointer(start: $0.iov_base, count: $0.iov_len) })
        }

        static func send(_ connection: ConnectionPointer, file: Int32, offset: UInt64, count: Int) -> TransportResult {
            .endOfInput
        }

        static func pending(_ connection: ConnectionPointer) -> Int { 0 }
        static func finish(_ connection: ConnectionPointer) {}
        static func close(_ connection: ConnectionPointer, reset: Bool) {}
    }

    private static let room = Array("room".utf8)

    /// Opens connections over wires, all in one group, and calls `body` with the loop and the connections.
    private func withMembers(
        over wires: [Wire], isClosing: Bool = false, backlog: Int = 0,
        _ body: @escaping @Sendable (LoopPointer, [ConnectionPointer]) -> Void
    ) throws {
        let station = try Station()
        let generation = try station.generation()
        nonisolated(unsafe) let binding = generation.binding
        try station.onLoop { core in
            let connections = wires.compactMap { wire -> ConnectionPointer? in
                var arrival = Arrival(
                    descriptor: -1, peer: PeerAddress(), local: PeerAddress(), endpoint: EndpointName.interned("test"),
                    binding: binding, place: core.takePlace(binding))
                arrival.transport = WireTransport.pointer
                arrival.transportState = Unmanaged.passUnretained(wire).toOpaque()
                return core.open(arrival)
            }
            for connection in connections {
                let joined = Self.room.withUnsafeBytes {
                    core.join(connection, $0, isClosing: isClosing, backlog: backlog, loopCount: 1)
                }
                #expect(joined == MARTLET_OK)
            }
            body(core, connections)
            for connection in connections where connection.pointee.state.hasSession {
                core.endConnection(connection, .shutdown, reset: true)
            }
            let left = Self.room.withUnsafeBytes { binding.pointee.admission.groups.count(of: $0) }
            #expect(left == 0, "a connection leaves its groups when it ends")
        }
        try station.end()
    }

    private static func send(_ text: String, on core: LoopPointer, _ connection: ConnectionPointer) {
        let destination = Self.room.withUnsafeBytes {
            connection.links.pointee.binding.pointee.admission.groups.destination(of: $0)
        }
        let bytes = Array(text.utf8).withUnsafeBytes {
            SharedBytes(copying: $0, memory: Quota(limit: 0), arena: core.pointee.arena)
        }
        guard let destination, let bytes else { return }
        _ = core.pointee.mailbox.places.take()
        core.broadcast(Broadcast(to: destination, bytes: bytes, except: ConnectionID(rawValue: 0)))
    }

    private static func runReady(_ core: LoopPointer) {
        let ready = core.pointee.ready
        core.pointee.ready.removeAll()
        for connection in ready { core.proceed(connection) }
    }

    @Test func sixteenMessagesOfOneTurnAreOneSendToEachMember() throws {
        let wires = (0..<5).map { _ in Wire() }
        try withMembers(over: wires) { core, connections in
            for number in 0..<16 { Self.send("message \(number)\n", on: core, connections[0]) }
            #expect(wires.allSatisfy { $0.output.isEmpty })
            Self.runReady(core)
            let all = (0..<16).map { "message \($0)\n" }.joined()
            for wire in wires {
                #expect(wire.calls == 1)
                #expect(String(decoding: wire.output, as: UTF8.self) == all)
            }
        }
    }

    @Test func aMemberWhoseBacklogIsFullMissesWholeMessages() throws {
        let wires = [Wire(), Wire()]
        try withMembers(over: wires, backlog: 10) { core, connections in
            wires[0].isFull = true
            for text in ["1234", "5678", "90ab", "cd"] {
                Self.send(text, on: core, connections[1])
                Self.runReady(core)
            }
            wires[0].isFull = false
            core.handle(connections[0], Epoll.output)
            #expect(wires.map { String(decoding: $0.output, as: UTF8.self) } == ["12345678cd", "1234567890abcd"])
            #expect(connections[0].links.pointee.binding.pointee.counters.pointee.hits[.groupBacklog] == 1)
        }
    }

    @Test func aMemberWhoseBacklogIsFullIsClosedIfItAsksForThat() throws {
        let wires = [Wire(), Wire()]
        try withMembers(over: wires, isClosing: true, backlog: 5) { core, connections in
            wires[0].isFull = true
            for text in ["1234", "5678"] {
                Self.send(text, on: core, connections[1])
                Self.runReady(core)
            }
            #expect(!connections[0].pointee.state.hasSession && connections[1].pointee.state.hasSession)
            #expect(connections[0].pointee.closeReason == .backlog)
        }
    }
}
