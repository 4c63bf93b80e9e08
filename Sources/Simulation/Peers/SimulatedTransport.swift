import Engine
import Glibc

/// The bytes of a connection pass between the engine and a `SimulatedPeer`, exactly as many as the peer sends and reads.
enum SimulatedTransport {
    static let number = Transport.register(
        Transport(
            receive: { receive(peer($0), $1, $2, keeps: false) },
            peek: { receive(peer($0), $1, $2, keeps: true) },
            send: { connection, base, count, _ in
                sendBytes(peer(connection), UnsafeRawBufferPointer(start: base, count: count))
            },
            sendVector: { connection, vector, count, _ in
                var total = 0
                for piece in UnsafeBufferPointer(start: vector, count: count) {
                    let sent = sendBytes(
                        peer(connection), UnsafeRawBufferPointer(start: piece.iov_base, count: piece.iov_len))
                    guard sent >= 0 else { return total > 0 ? total : sent }
                    total += sent
                    guard sent == piece.iov_len else { break }
                }
                return total
            },
            sendFile: { sendFile(peer($0), $1, offset: $2, count: $3) },
            pending: { _ in 0 },
            finish: { finish(peer($0)) },
            close: { closeSocket(peer($0), reset: $1) }))
}

private func peer(_ connection: OpaquePointer) -> SimulatedPeer {
    SimulatedPeer.of(ConnectionPointer(connection))!
}

private func receive(_ peer: SimulatedPeer, _ base: UnsafeMutableRawPointer, _ room: Int, keeps: Bool) -> Int {
    if peer.isReset { return -Int(ECONNRESET) }
    let count = min(peer.unread.count - peer.unreadStart, room)
    guard count > 0 else { return peer.isFinished ? 0 : Transport.wantsRead }
    peer.unread.withUnsafeBytes { base.copyMemory(from: $0.baseAddress! + peer.unreadStart, byteCount: count) }
    if keeps { return count }
    peer.unreadStart += count
    if peer.unreadStart == peer.unread.count { (peer.unread, peer.unreadStart) = ([], 0) }
    peer.simulation.progress += count
    return count
}

private func sendBytes(_ peer: SimulatedPeer, _ bytes: UnsafeRawBufferPointer) -> Int {
    if peer.isReset || peer.isGone { return -Int(EPIPE) }
    let count = peer.takes(bytes.count)
    guard count > 0 else { return Transport.wantsWrite }
    peer.take(UnsafeRawBufferPointer(rebasing: bytes[..<count]))
    return count
}

private func sendFile(_ peer: SimulatedPeer, _ file: Int32, offset: UInt64, count: Int) -> Int {
    if peer.isReset || peer.isGone { return -Int(EPIPE) }
    let count = peer.takes(count)
    guard count > 0 else { return Transport.wantsWrite }
    return withUnsafeTemporaryAllocation(byteCount: count, alignment: 1) { memory in
        let read = pread(file, memory.baseAddress, count, off_t(offset))
        guard read > 0 else { return read == 0 ? 0 : -Int(errno) }
        peer.take(UnsafeRawBufferPointer(rebasing: memory[..<read]))
        return read
    }
}

/// The host has sent everything and ends its direction. The peer then closes too.
private func finish(_ peer: SimulatedPeer) {
    peer.end = peer.end ?? .closed
    (peer.unread, peer.unreadStart, peer.isFinished) = ([], 0, true)
}

private func closeSocket(_ peer: SimulatedPeer, reset: Bool) {
    _ = peer.host
    peer.connection = nil
    (peer.unread, peer.unreadStart) = ([], 0)
    guard peer.end == nil else { return }
    if let listener = peer.handedOverTo, !peer.isAccepted, peer.simulation.isStranger(listener) {
        peer.end = .handedOver
    } else if !peer.isAccepted {
        peer.end = .refused
    } else {
        peer.end = reset ? .reset : .closed
    }
}
