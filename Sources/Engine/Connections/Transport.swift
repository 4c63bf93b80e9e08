import CLinux
import Glibc

/// What a read or a write on a connection came to.
enum TransportResult {
    case bytes(Int)
    case endOfInput
    case wouldBlock
    /// errno
    case failed(Int32)
}

/// The one seam through which a connection's bytes pass: plain sockets.
///
/// EINTR is retried, EAGAIN is a result, and whatever else the kernel says belongs to the peer, not to us.
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

    /// recv(2) with MSG_PEEK: what is read stays there.
    func transportPeek(_ base: UnsafeMutableRawPointer, _ count: Int) -> TransportResult {
        while true {
            let received = Kernel.recv(pointee.descriptor, base, count, Int32(MSG_PEEK))
            if received > 0 { return .bytes(received) }
            if received == 0 { return .endOfInput }
            if errno == EINTR { continue }
            return errno == EAGAIN ? .wouldBlock : .failed(errno)
        }
    }

    /// send(2). `more`: further output follows at once, so that the kernel may fill its packet.
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

    /// Until so many bytes have come, or the input has ended, the kernel reports nothing (SO_RCVLOWAT, socket(7)); 0: one byte. Unix
    /// sockets report every byte whatever this says.
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

    /// shutdown(2) of our direction: the peer reads to the end of what was sent.
    func transportFinish() {
        shutdown(pointee.descriptor, Int32(SHUT_WR))
    }
}
