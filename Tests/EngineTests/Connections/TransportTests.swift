import CMartlet
import Glibc
import PluginABI
import Testing

@testable import Engine

/// A transport that encrypts may have to write before it can read, and to read before it can write.
@Suite struct TransportTests {
    /// What passes between the loop and the test.
    private final class Wire: @unchecked Sendable {
        var input: [UInt8] = []
        /// Of the input: what the transport already has.
        var pending = 0
        var output: [UInt8] = []
        var readNeedsWrite = false
        var writeNeedsRead = false
        var isClosed = false

        static func of(_ connection: ConnectionPointer) -> Wire {
            Unmanaged<Wire>.fromOpaque(connection.links.pointee.transportState!).takeUnretainedValue()
        }

        func take(_ room: UnsafeMutableRawBufferPointer) -> TransportResult {
            if readNeedsWrite { return .wantsWrite }
            guard !input.isEmpty else { return .wantsRead }
            // Half of it at a time: a short read is not the end.
            let taken = min(room.count, max(input.count / 2, 1))
            room.copyBytes(from: input.prefix(taken))
            input.removeFirst(taken)
            pending = input.count
            return .bytes(taken)
        }

        func put(_ bytes: UnsafeRawBufferPointer) -> TransportResult {
            if writeNeedsRead { return .wantsRead }
            output += bytes
            return .bytes(bytes.count)
        }
    }

    private enum WireTransport: Transport {
        nonisolated(unsafe) static let pointer = permanent(WireTransport.self as any Transport.Type)

        static func handshake(_ connection: ConnectionPointer) -> HandshakeStep { .done }

        static func receive(
            _ connection: ConnectionPointer, into room: UnsafeMutableRawBufferPointer
        ) -> TransportResult {
            Wire.of(connection).take(room)
        }

        static func peek(_ connection: ConnectionPointer, into room: UnsafeMutableRawBufferPointer) -> TransportResult {
            .wantsRead
        }

        static func send(_ connection: ConnectionPointer, _ bytes: UnsafeRawBufferPointer) -> TransportResult {
            Wire.of(connection).put(bytes)
        }

        static func send(
            _ connection: ConnectionPointer, vector: UnsafeBufferPointer<iovec>, more: Bool
        ) -> TransportResult {
            Wire.of(connection).put(UnsafeRawBufferPointer(start: vector[0].iov_base, count: vector[0].iov_len))
        }

        static func send(_ connection: ConnectionPointer, file: Int32, offset: UInt64, count: Int) -> TransportResult {
            .endOfInput
        }

        static func pending(_ connection: ConnectionPointer) -> Int { Wire.of(connection).pending }
        static func finish(_ connection: ConnectionPointer) {}
        static func close(_ connection: ConnectionPointer, reset: Bool) { Wire.of(connection).isClosed = true }
    }

    /// Opens a connection over the wire on the station's loop. Calls `body` with the loop and the connection.
    private func withConnection(
        over wire: Wire, _ body: @escaping @Sendable (LoopPointer, ConnectionPointer) -> Void
    ) throws {
        let station = try Station()
        let generation = try station.generation()
        nonisolated(unsafe) let binding = generation.binding
        try station.onLoop { core in
            var arrival = Arrival(
                descriptor: -1, peer: PeerAddress(), local: PeerAddress(), endpoint: EndpointName.interned("test"),
                binding: binding, place: core.takePlace(binding))
            arrival.transport = WireTransport.pointer
            arrival.transportState = Unmanaged.passUnretained(wire).toOpaque()
            if let connection = core.open(arrival) {
                body(core, connection)
                core.endConnection(connection, .shutdown, reset: true)
            }
        }
        #expect(wire.isClosed)
        try station.end()
    }

    @Test func aShortReadWithMoreBehindItIsContinued() throws {
        let wire = Wire()
        try withConnection(over: wire) { core, connection in
            wire.input = Array("abcdefgh".utf8)
            core.handle(connection, Epoll.input)
            // Half was read; the rest is on the ready list, because nothing will announce it again.
            #expect(wire.output == Array("abcd".utf8))
            #expect(connection.pointee.state.isQueued && connection.pointee.state.isReadable)
            while !wire.input.isEmpty { core.proceed(connection) }
            #expect(wire.output == Array("abcdefgh".utf8))
            #expect(!connection.pointee.state.isReadable)
        }
    }

    @Test func aReadThatNeedsAWriteIsRepeatedWhenThereIsRoom() throws {
        let wire = Wire()
        try withConnection(over: wire) { core, connection in
            wire.input = Array("x".utf8)
            wire.readNeedsWrite = true
            core.handle(connection, Epoll.input)
            #expect(wire.output.isEmpty && !connection.pointee.state.isReadable)
            wire.readNeedsWrite = false
            core.handle(connection, Epoll.output)
            #expect(wire.output == Array("x".utf8))
        }
    }

    @Test func aWriteThatNeedsAReadIsRepeatedWhenThereIsInput() throws {
        let wire = Wire()
        try withConnection(over: wire) { core, connection in
            wire.input = Array("y".utf8)
            wire.writeNeedsRead = true
            core.handle(connection, Epoll.input)
            #expect(wire.output.isEmpty && connection.pointee.outputBytes == 1)
            wire.writeNeedsRead = false
            core.handle(connection, Epoll.input)
            #expect(wire.output == Array("y".utf8) && connection.pointee.outputBytes == 0)
        }
    }
}
