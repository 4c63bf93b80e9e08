import Glibc
import Threads

/// How the bytes of a connection pass: plain sockets, or whatever else has these functions.
///
/// A slot holds the number of its transport. Number 0, plain sockets, is called directly; the others are called through this table.
/// `OpaquePointer` is the connection. Functions that move bytes return how many, 0 at the end of the input, `wantsRead`,
/// `wantsWrite`, or a negative errno.
package struct Transport: Sendable {
    package typealias Connection = OpaquePointer

    package static let wantsRead = Int.min
    package static let wantsWrite = Int.min + 1
    /// The number of plain sockets.
    package static let plain: UInt8 = 0

    package var receive: @convention(c) (Connection, UnsafeMutableRawPointer, Int) -> Int
    /// Like `receive`, but the bytes stay.
    package var peek: @convention(c) (Connection, UnsafeMutableRawPointer, Int) -> Int
    /// The last argument: further output follows at once.
    package var send: @convention(c) (Connection, UnsafeRawPointer, Int, Bool) -> Int
    package var sendVector: @convention(c) (Connection, UnsafePointer<iovec>, Int, Bool) -> Int
    /// Descriptor of the file, offset, count. Returns 0 when the file is shorter than that.
    package var sendFile: @convention(c) (Connection, Int32, UInt64, Int) -> Int
    /// Bytes that `receive` returns although the socket has none.
    package var pending: @convention(c) (Connection) -> Int
    /// Ends our direction; the peer can still read everything that was sent.
    package var finish: @convention(c) (Connection) -> Void
    /// Ends both directions and frees what the transport holds; with a reset of the peer if the last argument is true. The host closes
    /// the descriptor.
    package var close: @convention(c) (Connection, Bool) -> Void

    package init(
        receive: @escaping @convention(c) (Connection, UnsafeMutableRawPointer, Int) -> Int,
        peek: @escaping @convention(c) (Connection, UnsafeMutableRawPointer, Int) -> Int,
        send: @escaping @convention(c) (Connection, UnsafeRawPointer, Int, Bool) -> Int,
        sendVector: @escaping @convention(c) (Connection, UnsafePointer<iovec>, Int, Bool) -> Int,
        sendFile: @escaping @convention(c) (Connection, Int32, UInt64, Int) -> Int,
        pending: @escaping @convention(c) (Connection) -> Int,
        finish: @escaping @convention(c) (Connection) -> Void,
        close: @escaping @convention(c) (Connection, Bool) -> Void
    ) {
        self.receive = receive
        self.peek = peek
        self.send = send
        self.sendVector = sendVector
        self.sendFile = sendFile
        self.pending = pending
        self.finish = finish
        self.close = close
    }

    // MARK: The transports of this process

    private static let limit = 8
    private nonisolated(unsafe) static let tables = UnsafeMutablePointer<Transport>.allocate(capacity: limit)
    private static let monitor = Monitor()
    private nonisolated(unsafe) static var count: UInt8 = 1

    /// Adds a transport. Returns its number, which is valid for the life of the process.
    package static func register(_ transport: Transport) -> UInt8 {
        monitor.locked {
            precondition(Int(count) < limit, "too many transports")
            (tables + Int(count)).initialize(to: transport)
            count += 1
            return count - 1
        }
    }

    /// The functions behind a number other than `plain`.
    static func of(_ number: UInt8) -> UnsafePointer<Transport> { UnsafePointer(tables + Int(number)) }
}

/// All bytes of a connection pass through these functions.
///
/// EINTR is retried, and EAGAIN is a result. Every other error is the fault of the peer's connection, not of the server.
extension ConnectionPointer {
    @inline(__always)
    private var isPlain: Bool { _fastPath(pointee.transport == Transport.plain) }

    private var functions: UnsafePointer<Transport> { Transport.of(pointee.transport) }

    private var handle: OpaquePointer { OpaquePointer(self) }

    /// recv(2)
    @inline(__always)
    func transportReceive(_ base: UnsafeMutableRawPointer, _ count: Int) -> TransportResult {
        guard isPlain else { return TransportResult(functions.pointee.receive(handle, base, count)) }
        return receivePlain(base, count, 0)
    }

    /// recv(2) with MSG_PEEK: the bytes stay in the socket.
    func transportPeek(_ base: UnsafeMutableRawPointer, _ count: Int) -> TransportResult {
        guard isPlain else { return TransportResult(functions.pointee.peek(handle, base, count)) }
        return receivePlain(base, count, Int32(MSG_PEEK))
    }

    @inline(__always)
    private func receivePlain(_ base: UnsafeMutableRawPointer, _ count: Int, _ flags: Int32) -> TransportResult {
        while true {
            let received = Kernel.recv(pointee.descriptor, base, count, flags)
            if _fastPath(received > 0) { return .bytes(received) }
            if received == 0 { return .endOfInput }
            if errno == EINTR { continue }
            return errno == EAGAIN ? .wantsRead : .failed(errno)
        }
    }

    /// Bytes that can be read although the socket is empty.
    @inline(__always)
    var transportPending: Int { isPlain ? 0 : functions.pointee.pending(handle) }

    /// send(2). `more`: further output follows at once, so the kernel may wait until a packet is full.
    @inline(__always)
    func transportSend(_ base: UnsafeRawPointer, _ count: Int, more: Bool = false) -> TransportResult {
        guard isPlain else { return TransportResult(functions.pointee.send(handle, base, count, more)) }
        let flags = Int32(MSG_NOSIGNAL) | (more ? Int32(MSG_MORE) : 0)
        while true {
            let sent = Kernel.send(pointee.descriptor, base, count, flags)
            if _fastPath(sent >= 0) { return .bytes(sent) }
            if errno == EINTR { continue }
            return errno == EAGAIN ? .wantsWrite : .failed(errno)
        }
    }

    /// sendmsg(2) with several pieces.
    func transportSend(vector: UnsafeMutablePointer<iovec>, count: Int, more: Bool) -> TransportResult {
        guard isPlain else { return TransportResult(functions.pointee.sendVector(handle, vector, count, more)) }
        var message = msghdr()
        message.msg_iov = vector
        message.msg_iovlen = count
        let flags = Int32(MSG_NOSIGNAL) | (more ? Int32(MSG_MORE) : 0)
        while true {
            let sent = Kernel.sendmsg(pointee.descriptor, &message, flags)
            if sent >= 0 { return .bytes(sent) }
            if errno == EINTR { continue }
            return errno == EAGAIN ? .wantsWrite : .failed(errno)
        }
    }

    /// sendfile(2). `.endOfInput`: the file is shorter than was promised.
    func transportSend(file: Int32, offset: UInt64, count: Int) -> TransportResult {
        guard isPlain else { return TransportResult(functions.pointee.sendFile(handle, file, offset, count)) }
        while true {
            var position = off_t(offset)
            let sent = Kernel.sendfile(pointee.descriptor, file, &position, count)
            if sent > 0 { return .bytes(sent) }
            if sent == 0 { return .endOfInput }
            if errno == EINTR { continue }
            return errno == EAGAIN ? .wantsWrite : .failed(errno)
        }
    }

    /// The kernel reports nothing until this many bytes have arrived or the input has ended (SO_RCVLOWAT, socket(7)); 0: one byte.
    /// Unix sockets ignore this and report every byte. Only plain sockets have it.
    func setLowWaterMark(_ bytes: Int) {
        guard isPlain, pointee.lowWaterMark != UInt32(bytes) else { return }
        pointee.lowWaterMark = UInt32(bytes)
        var value = Int32(max(bytes, 1))
        setsockopt(pointee.descriptor, SOL_SOCKET, SO_RCVLOWAT, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    /// close(2), with a reset of the peer when `reset` is set (SO_LINGER of zero, tcp(7)).
    func transportClose(reset: Bool) {
        if !isPlain { functions.pointee.close(handle, reset) }
        guard pointee.descriptor >= 0 else { return }
        if reset {
            var option = linger(l_onoff: 1, l_linger: 0)
            setsockopt(pointee.descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        }
        close(pointee.descriptor)
        pointee.descriptor = -1
    }

    /// shutdown(2) of our direction: the peer can still read everything that was sent.
    func transportFinish() {
        guard isPlain else { return functions.pointee.finish(handle) }
        shutdown(pointee.descriptor, Int32(SHUT_WR))
    }
}
