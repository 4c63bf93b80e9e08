import CMartlet
import Engine
import Glibc
import PluginABI

/// The bytes of a connection pass between the engine and a `SimulatedPeer`, exactly as many as the peer sends and reads.
enum SimulatedTransport: Transport {
    nonisolated(unsafe) static let pointer = permanent(SimulatedTransport.self as any Transport.Type)

    static func handshake(_ connection: ConnectionPointer) -> HandshakeStep { .done }

    static func receive(_ connection: ConnectionPointer, into room: UnsafeMutableRawBufferPointer) -> TransportResult {
        let (peer, result) = (peer(connection), peek(connection, into: room))
        guard case .bytes(let count) = result else { return result }
        peer.unreadStart += count
        if peer.unreadStart == peer.unread.count { (peer.unread, peer.unreadStart) = ([], 0) }
        peer.simulation.progress += count
        return result
    }

    static func peek(_ connection: ConnectionPointer, into room: UnsafeMutableRawBufferPointer) -> TransportResult {
        let peer = peer(connection)
        if peer.isReset { return .failed(ECONNRESET) }
        let bytes = peer.unread[peer.unreadStart...].prefix(room.count)
        room.copyBytes(from: bytes)
        return !bytes.isEmpty ? .bytes(bytes.count) : peer.isFinished ? .endOfInput : .wantsRead
    }

    static func send(_ connection: ConnectionPointer, _ bytes: UnsafeRawBufferPointer) -> TransportResult {
        give(connection, bytes.count) { peer, count in
            peer.take(UnsafeRawBufferPointer(rebasing: bytes[..<count]))
            return .bytes(count)
        }
    }

    static func send(
        _ connection: ConnectionPointer, vector: UnsafeBufferPointer<iovec>, more: Bool
    ) -> TransportResult {
        var total = 0
        for piece in vector {
            let result = send(connection, UnsafeRawBufferPointer(start: piece.iov_base, count: piece.iov_len))
            guard case .bytes(let sent) = result else { return total > 0 ? .bytes(total) : result }
            total += sent
            guard sent == piece.iov_len else { break }
        }
        return .bytes(total)
    }

    static func send(_ connection: ConnectionPointer, file: Int32, offset: UInt64, count: Int) -> TransportResult {
        give(connection, count) { peer, count in
            withUnsafeTemporaryAllocation(byteCount: count, alignment: 1) { memory in
                let read = pread(file, memory.baseAddress, count, off_t(offset))
                guard read > 0 else { return read == 0 ? .endOfInput : .failed(errno) }
                peer.take(UnsafeRawBufferPointer(rebasing: memory[..<read]))
                return .bytes(read)
            }
        }
    }

    /// Calls `body` with how many of the bytes the peer takes, if it takes any.
    private static func give(
        _ connection: ConnectionPointer, _ count: Int, _ body: (SimulatedPeer, Int) -> TransportResult
    ) -> TransportResult {
        let peer = peer(connection)
        if peer.isReset || peer.isGone { return .failed(EPIPE) }
        let count = peer.takes(count)
        return count > 0 ? body(peer, count) : .wantsWrite
    }

    static func pending(_ connection: ConnectionPointer) -> Int { 0 }

    /// The host has sent everything and ends its direction. The peer then closes too.
    static func finish(_ connection: ConnectionPointer) {
        let peer = peer(connection)
        if peer.end == MARTLET_SIMULATED_OPEN { peer.end = MARTLET_SIMULATED_CLOSED }
        (peer.unread, peer.unreadStart, peer.isFinished) = ([], 0, true)
    }

    static func close(_ connection: ConnectionPointer, reset: Bool) {
        let peer = peer(connection)
        _ = peer.host
        peer.connection = nil
        (peer.unread, peer.unreadStart) = ([], 0)
        guard peer.end == MARTLET_SIMULATED_OPEN else { return }
        if let listener = peer.handedOverTo, !peer.isAccepted, peer.simulation.isStranger(listener) {
            peer.end = MARTLET_SIMULATED_HANDED_OVER
        } else if !peer.isAccepted {
            peer.end = MARTLET_SIMULATED_REFUSED
        } else {
            peer.end = reset ? MARTLET_SIMULATED_RESET : MARTLET_SIMULATED_CLOSED
        }
    }

    private static func peer(_ connection: ConnectionPointer) -> SimulatedPeer { SimulatedPeer.of(connection)! }
}
