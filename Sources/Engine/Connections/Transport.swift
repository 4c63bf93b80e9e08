import CLinux
import Glibc

/// The result of a read or a write on a connection.
enum TransportResult {
    case bytes(Int)
    case endOfInput
    case wouldBlock
    /// errno
    case failed(Int32)
}

/// All bytes of a connection pass through these functions, on plain sockets.
///
/// EINTR is retried, and EAGAIN is a result. Every other error is the fault of the peer's connection, not of the server.
extension ConnectionPointer {
    /// recv(2)
    @inline(__always)
    func transportReceive(_ base: UnsafeMutableRawPointer, _ count: Int) -> TransportResult {
        while true {
            let received = Kernel.recv(pointee.descriptor, base, count, 0)
            if _fastPath(received > 0) { return .bytes(received) }
            if received == 0 { return .endOfInput }
            if errno == EINTR { continue }
            return errno == EAGAIN ? .wouldBlock : .failed(errno)
        }
    }

    /// recv(2) with MSG_PEEK: the bytes stay in the socket.
    func transportPeek(_ base: UnsafeMutableRawPointer, _ count: Int) -> TransportResult {
        while true {
            let received = Kernel.recv(pointee.descriptor, base, count, Int32(MSG_PEEK))
            if received > 0 { return .bytes(received) }
            if received == 0 { return .endOfInput }
            if errno == EINTR { continue }
            return errno == EAGAIN ? .wouldBlock : .failed(errno)
        }
    }

    /// send(2). `more`: further output follows at once, so the kernel may wait until a packet is full.
    @inline(__always)
    func transportSend(_ base: UnsafeRawPointer, _ count: Int, more: Bool = false) -> TransportResult {
        let flags = Int32(MSG_NOSIGNAL) | (more ? Int32(MSG_MORE) : 0)
        while true {
            let sent = Kernel.send(pointee.descriptor, base, count, flags)
            if _fastPath(sent >= 0) { return .bytes(sent) }
            if errno == EINTR { continue }
            return errno == EAGAIN ? .wouldBlock : .failed(errno)
        }
    }

    /// sendmsg(2) with several pieces.
    func transportSend(vector: UnsafeMutablePointer<iovec>, count: Int, more: Bool) -> TransportResult {
        var message = msghdr()
        message.msg_iov = vector
        message.msg_iovlen = count
        let flags = Int32(MSG_NOSIGNAL) | (more ? Int32(MSG_MORE) : 0)
        while true {
            let sent = Kernel.sendmsg(pointee.descriptor, &message, flags)
            if sent >= 0 { return .bytes(sent) }
            if errno == EINTR { continue }
            return errno == EAGAIN ? .wouldBlock : .failed(errno)
        }
    }

    /// sendfile(2). `.endOfInput`: the file is shorter than was promised.
    func transportSend(file: Int32, offset: UInt64, count: Int) -> TransportResult {
        while true {
            var position = off_t(offset)
            let sent = Kernel.sendfile(pointee.descriptor, file, &position, count)
            if sent > 0 { return .bytes(sent) }
            if sent == 0 { return .endOfInput }
            if errno == EINTR { continue }
            return errno == EAGAIN ? .wouldBlock : .failed(errno)
        }
    }

    /// The kernel reports nothing until this many bytes have arrived or the input has ended (SO_RCVLOWAT, socket(7)); 0: one byte.
    /// Unix sockets ignore this and report every byte.
    func setLowWaterMark(_ bytes: Int) {
        guard pointee.lowWaterMark != UInt32(bytes) else { return }
        pointee.lowWaterMark = UInt32(bytes)
        var value = Int32(max(bytes, 1))
        setsockopt(pointee.descriptor, SOL_SOCKET, SO_RCVLOWAT, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    /// close(2), with a reset of the peer when `reset` is set (SO_LINGER of zero, tcp(7)).
    func transportClose(reset: Bool) {
        if reset {
            var option = linger(l_onoff: 1, l_linger: 0)
            setsockopt(pointee.descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        }
        close(pointee.descriptor)
        pointee.descriptor = -1
    }

    /// shutdown(2) of our direction: the peer can still read everything that was sent.
    func transportFinish() {
        shutdown(pointee.descriptor, Int32(SHUT_WR))
    }
}
