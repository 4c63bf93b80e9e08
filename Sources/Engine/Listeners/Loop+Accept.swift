import CLinux
import Glibc
import Telemetry

/// Taking connections from listening sockets, in bounded batches.
extension LoopPointer {
    func acceptBatch(_ socket: ListeningSocketPointer) {
        for _ in 0..<LoopCore.acceptBatch {
            guard acceptOne(socket) else { return }
        }
    }

    /// False when there is nothing more to take for now.
    func acceptOne(_ socket: ListeningSocketPointer) -> Bool {
        guard !socket.pointee.paused else { return false }
        let binding = socket.pointee.binding
        guard pointee.processQuota.take() else {
            pauseAccepting(socket, pointee.pausesAtLimit)
            return false
        }
        guard binding.pointee.quota.take() else {
            pointee.processQuota.give()
            pauseAccepting(socket, pointee.pausesAtLimit)
            return false
        }
        var address = sockaddr_storage()
        let descriptor = withUnsafeMutablePointer(to: &address) { storage in
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            return storage.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                linux_accept(socket.pointee.descriptor, $0, &length)
            }
        }
        guard descriptor >= 0 else {
            binding.pointee.quota.give()
            pointee.processQuota.give()
            return acceptFailed(socket, errno)
        }
        // All generations of a listener share one quota, so the choice can wait until there is a connection.
        openConnection(
            descriptor, withUnsafePointer(to: address) { PeerAddress($0) }, socket.pointee.nextBinding())
        return true
    }

    /// accept(2): errors of the connection that was to be taken are passed over; want of resources is waited out.
    private func acceptFailed(_ socket: ListeningSocketPointer, _ error: Int32) -> Bool {
        switch error {
        case EAGAIN: return false
        case EMFILE, ENFILE, ENOBUFS, ENOMEM:
            pauseAccepting(socket, pointee.pausesForResources)
            return false
        default: return true
        }
    }

    private func openConnection(_ descriptor: Int32, _ peer: PeerAddress, _ binding: BindingPointer) {
        guard let connection = pointee.connections.take(loop: self, binding: binding) else {
            close(descriptor)
            binding.pointee.quota.give()
            pointee.processQuota.give()
            return
        }
        binding.pointee.accepted.add(1)
        connection.pointee.descriptor = descriptor
        connection.pointee.peer = peer
        connection.pointee.flags = [.open]
        connection.pointee.lastActivity = pointee.milliseconds
        connection.pointee.openedAt = pointee.milliseconds
        var event = epoll_event(
            events: Epoll.input | Epoll.output | Epoll.peerShutdown | Epoll.edge,
            data: epoll_data_t(u64: UInt64(UInt(bitPattern: connection)) | EventTag.connection))
        guard epoll_ctl(pointee.epoll, EPOLL_CTL_ADD, descriptor, &event) == 0 else {
            return releaseConnection(connection, reset: true)
        }
        callOpened(connection)
    }

    private func callOpened(_ connection: ConnectionPointer) {
        let binding = connection.pointee.binding
        var session: UnsafeMutableRawPointer?
        beginCallback(connection)
        let result = binding.pointee.callbacks.opened(
            binding.pointee.state, binding.pointee.loopState, OpaquePointer(connection), &session)
        endCallback(connection)
        guard result == HostResult.ok else {
            pointee.output.reset()
            binding.pointee.refused.add(1)
            return releaseConnection(connection, reset: true)
        }
        connection.pointee.session = session
        connection.pointee.flags.insert(.session)
        finishTurn(connection)
        if connection.pointee.flags.contains(.session) { rearmTimer(connection) }
    }

    /// At a limit the accept side waits: peers stand in the backlog until there is room or the retry time comes.
    private func pauseAccepting(_ socket: ListeningSocketPointer, _ count: borrowing Counter) {
        guard !socket.pointee.paused else { return }
        epoll_ctl(pointee.epoll, EPOLL_CTL_DEL, socket.pointee.descriptor, nil)
        socket.pointee.paused = true
        pointee.pausedSockets += 1
        count.add(1)
        pointee.acceptRetryAt = pointee.milliseconds + LoopCore.acceptRetryMilliseconds
    }

    func resumeAccepting() {
        for socket in pointee.sockets where socket.pointee.paused {
            socket.pointee.paused = false
            pointee.pausedSockets -= 1
            watch(socket)
        }
    }

    /// Level-triggered: what one batch leaves is reported again.
    func watch(_ socket: ListeningSocketPointer) {
        var event = epoll_event(
            events: Epoll.input | (socket.pointee.shared ? Epoll.exclusive : 0),
            data: epoll_data_t(u64: UInt64(UInt(bitPattern: socket)) | EventTag.listeningSocket))
        epoll_ctl(pointee.epoll, EPOLL_CTL_ADD, socket.pointee.descriptor, &event)
    }
}
