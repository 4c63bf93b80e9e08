import Glibc

/// How the bytes of a connection pass, if not through a plain socket: TLS, and the simulation.
///
/// A connection has a pointer to its transport's type, which must stay valid.
package protocol Transport {
    /// Goes on with what comes before the protocol. Called until it is done, which a transport without a handshake is at once. May be called
    /// on a worker.
    static func handshake(_ connection: ConnectionPointer) -> HandshakeStep

    static func receive(_ connection: ConnectionPointer, into room: UnsafeMutableRawBufferPointer) -> TransportResult

    /// Like `receive`, but the bytes stay.
    static func peek(_ connection: ConnectionPointer, into room: UnsafeMutableRawBufferPointer) -> TransportResult

    static func send(_ connection: ConnectionPointer, _ bytes: UnsafeRawBufferPointer) -> TransportResult

    /// - Parameter more: further output follows at once.
    static func send(
        _ connection: ConnectionPointer, vector: UnsafeBufferPointer<iovec>, more: Bool
    ) -> TransportResult

    /// Returns `.endOfInput` when the file is shorter than that.
    static func send(_ connection: ConnectionPointer, file: Int32, offset: UInt64, count: Int) -> TransportResult

    /// `martlet_transport.state`
    static func state(_ connection: ConnectionPointer) -> UInt32

    /// What `martlet_transport.text` says of a `martlet_transport_fact`. Valid while the connection is. nil: there is none.
    static func text(_ connection: ConnectionPointer, _ fact: UInt32, _ index: Int) -> UnsafeRawBufferPointer?

    /// For a list of connections: nothing is kept with the connection.
    static func summary(_ connection: ConnectionPointer) -> TransportSummary

    /// Bytes that `receive` returns although the socket has none.
    static func pending(_ connection: ConnectionPointer) -> Int

    /// Ends our direction; the peer can still read everything that was sent.
    static func finish(_ connection: ConnectionPointer)

    /// Ends both directions and frees what the transport holds. The host closes the descriptor.
    static func close(_ connection: ConnectionPointer, reset: Bool)
}

/// A transport that encrypts nothing.
extension Transport {
    package static func state(_ connection: ConnectionPointer) -> UInt32 { 0 }

    package static func text(_ connection: ConnectionPointer, _ fact: UInt32, _ index: Int) -> UnsafeRawBufferPointer? {
        nil
    }

    package static func summary(_ connection: ConnectionPointer) -> TransportSummary { TransportSummary() }
}

/// What a transport is, and for whom.
package struct TransportSummary: Sendable, Equatable {
    /// Such as `TLSv1.3`; empty: it encrypts nothing.
    package var version = ""
    /// Whom the peer's certificate names; empty: nobody.
    package var principal = ""

    package init() {}
}

/// How far the handshake of a transport has come.
package enum HandshakeStep: Int32, Sendable {
    case done
    case wantsRead
    case wantsWrite
    /// The next step takes so long that a worker has to make it.
    case wantsWorker
    /// The peer gets nothing from us any more.
    case failed
}

/// Gives the connections of a listener their transport. Used by all loops.
package protocol TransportSource: AnyObject, Sendable {
    /// Sets `transport` and `transportState` of a connection, whose socket is open and of which nothing has been read. Returns the limit that
    /// is reached; then it has set nothing.
    func begin(_ connection: ConnectionPointer) -> Limit?
}

/// All bytes of a connection pass through these functions. Plain sockets are called directly.
///
/// EINTR is retried, and EAGAIN is a result. Every other error is the fault of the peer's connection, not of the server.
extension ConnectionPointer {
    @inline(__always)
    private var transport: (any Transport.Type)? { links.pointee.transport?.pointee }

    /// Repeats a system call that a signal interrupts.
    ///
    /// - Parameter blocked: the result when the socket can neither give nor take anything.
    @inline(__always)
    private func retrying(_ blocked: TransportResult, _ call: () -> Int) -> TransportResult {
        while true {
            let count = call()
            if _fastPath(count > 0) { return .bytes(count) }
            if count == 0 { return .endOfInput }
            if errno == EINTR { continue }
            if errno == EAGAIN { return blocked }
            ForeignClose.check(errno)
            return .failed(errno)
        }
    }

    /// recv(2)
    @inline(__always)
    func transportReceive(_ base: UnsafeMutableRawPointer, _ count: Int) -> TransportResult {
        if let transport { return transport.receive(self, into: .init(start: base, count: count)) }
        return socketReceive(base, count)
    }

    /// recv(2)
    @inline(__always)
    package func socketReceive(_ base: UnsafeMutableRawPointer, _ count: Int) -> TransportResult {
        retrying(.wantsRead) { Kernel.recv(pointee.descriptor, base, count, 0) }
    }

    /// recv(2) with MSG_PEEK: the bytes stay in the socket.
    func transportPeek(_ base: UnsafeMutableRawPointer, _ count: Int) -> TransportResult {
        if let transport { return transport.peek(self, into: .init(start: base, count: count)) }
        return retrying(.wantsRead) { Kernel.recv(pointee.descriptor, base, count, Int32(MSG_PEEK)) }
    }

    /// Bytes that can be read although the socket is empty.
    @inline(__always)
    var transportPending: Int { transport?.pending(self) ?? 0 }

    /// send(2)
    @inline(__always)
    func transportSend(_ base: UnsafeRawPointer, _ count: Int) -> TransportResult {
        if let transport { return transport.send(self, .init(start: base, count: count)) }
        return socketSend(base, count)
    }

    /// send(2)
    @inline(__always)
    package func socketSend(_ base: UnsafeRawPointer, _ count: Int) -> TransportResult {
        retrying(.wantsWrite) { Kernel.send(pointee.descriptor, base, count, Int32(MSG_NOSIGNAL)) }
    }

    /// shutdown(2) of our direction
    package func socketFinish() { shutdown(pointee.descriptor, Int32(SHUT_WR)) }

    /// sendmsg(2) with several pieces. `more`: further output follows at once, so the kernel may wait until a packet is full.
    func transportSend(vector: UnsafeMutableBufferPointer<iovec>, more: Bool) -> TransportResult {
        if let transport { return transport.send(self, vector: UnsafeBufferPointer(vector), more: more) }
        var message = msghdr()
        message.msg_iov = vector.baseAddress
        message.msg_iovlen = vector.count
        let flags = Int32(MSG_NOSIGNAL) | (more ? Int32(MSG_MORE) : 0)
        return retrying(.wantsWrite) { Kernel.sendmsg(pointee.descriptor, &message, flags) }
    }

    /// sendfile(2). `.endOfInput`: the file is shorter than was promised.
    func transportSend(file: Int32, offset: UInt64, count: Int) -> TransportResult {
        if let transport { return transport.send(self, file: file, offset: offset, count: count) }
        return retrying(.wantsWrite) {
            var position = off_t(offset)
            return Kernel.sendfile(pointee.descriptor, file, &position, count)
        }
    }

    /// The kernel reports nothing until this many bytes have arrived or the input has ended (SO_RCVLOWAT, socket(7)); 0: one byte.
    /// Unix sockets ignore this and report every byte. Only plain sockets have it.
    func setLowWaterMark(_ bytes: Int) {
        guard transport == nil, pointee.lowWaterMark != UInt32(bytes) else { return }
        pointee.lowWaterMark = UInt32(bytes)
        var value = Int32(max(bytes, 1))
        setsockopt(pointee.descriptor, SOL_SOCKET, SO_RCVLOWAT, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    func transportClose(reset: Bool) {
        transport?.close(self, reset: reset)
        guard pointee.descriptor >= 0 else { return }
        closeSocket(pointee.descriptor, reset: reset)
        pointee.descriptor = -1
    }

    /// shutdown(2) of our direction: the peer can still read everything that was sent.
    func transportFinish() {
        if let transport { return transport.finish(self) }
        socketFinish()
    }
}

/// close(2), with a reset of the peer when `reset` is set (SO_LINGER of zero, tcp(7)), so that nothing of the connection stays in the
/// kernel.
func closeSocket(_ descriptor: Int32, reset: Bool) {
    if reset {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }
    if close(descriptor) != 0 { ForeignClose.check(errno) }
}
