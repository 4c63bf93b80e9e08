import CLinux
import CMartlet
import Glibc
import Telemetry

/// Accepts connections from listening sockets, in bounded batches.
extension LoopPointer {
    func acceptBatch(_ socket: ListeningSocketPointer) {
        for _ in 0..<LoopCore.acceptBatch {
            guard acceptOne(socket) else { return }
        }
    }

    /// Accepts one connection. False when there is nothing more to accept for now.
    ///
    /// - Parameter isLast: the socket is about to close, which would reset the peers that wait in its accept queue. So they are
    ///   accepted even above a limit, unless reaching that limit refuses peers.
    func acceptOne(_ socket: ListeningSocketPointer, isLast: Bool = false) -> Bool {
        guard isLast || !socket.pointee.paused else { return false }
        let binding = socket.pointee.binding
        guard isLast || binding.own.pointee.stillness == .none && !socket.pointee.isLeft else {
            // Peers wait in the accept queue until the callbacks of the listener run again, or for the other process.
            epoll_ctl(pointee.epoll, EPOLL_CTL_DEL, socket.pointee.descriptor, nil)
            notePause(socket, retryIn: LoopCore.acceptRetryMilliseconds)
            return false
        }
        var place = takePlace(binding)
        if isLast, place.limit != nil, !binding.pointee.rules.refuses, place.limit != .faults {
            place = takePlaceAnyway(binding)
        }
        if let limit = place.limit, !binding.pointee.rules.refuses && limit != .faults {
            binding.pointee.counters.pointee.hits.hit(limit)
            pauseAccepting(socket, forResources: limit == .bufferMemory, retryIn: retryMilliseconds(binding, limit))
            return false
        }
        guard isLast || hasDescriptor() else {
            if place.limit == nil { givePlace(place, binding) }
            pauseAccepting(socket, forResources: true, retryIn: LoopCore.acceptRetryMilliseconds)
            return false
        }
        var address = sockaddr_storage()
        let descriptor = withUnsafeMutablePointer(to: &address) { storage in
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            return storage.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Kernel.accept(socket.pointee.descriptor, $0, &length)
            }
        }
        guard descriptor >= 0 else {
            let error = errno
            ForeignClose.check(error)
            if place.limit == nil { givePlace(place, binding) }
            return acceptFailed(socket, error)
        }
        if descriptor >= pointee.descriptorCeiling - 1 { pointee.isNearCeiling = true }
        if let limit = place.limit {
            refuse(descriptor, binding, limit)
        } else {
            let peer = withUnsafePointer(to: address) { PeerAddress($0) }
            // All generations of a listener share one count, so the generation is chosen only once there is a connection.
            open(
                Arrival(
                    descriptor: descriptor, peer: peer, endpoint: socket.pointee.endpoint,
                    binding: socket.pointee.nextBinding(), place: place))
        }
        return true
    }

    /// Takes a place for one more connection, or returns the limit that is reached.
    package func takePlace(_ binding: BindingPointer) -> Arrival.Place {
        if binding.pointee.ledger.faults.isRefusing(at: context.pointee.now) { return Arrival.Place(limit: .faults) }
        if context.pointee.buffers.isExhausted { return Arrival.Place(limit: .bufferMemory) }
        guard pointee.processQuota.take() else { return Arrival.Place(limit: .processConnections) }
        guard binding.pointee.admission.quota.take() else {
            pointee.processQuota.give()
            return Arrival.Place(limit: .connections)
        }
        let rate = binding.pointee.rules.acceptRate
        guard rate.isSet else { return Arrival.Place() }
        guard binding.pointee.admission.rate.take(rate, at: context.pointee.now) else {
            binding.pointee.admission.quota.give()
            pointee.processQuota.give()
            return Arrival.Place(limit: .acceptRate)
        }
        return Arrival.Place(charged: rate.interval)
    }

    private func takePlaceAnyway(_ binding: BindingPointer) -> Arrival.Place {
        pointee.processQuota.takeAnyway()
        binding.pointee.admission.quota.takeAnyway()
        return Arrival.Place()
    }

    /// Takes back what `takePlace` counted: no peer came, or the peer is refused.
    func givePlace(_ place: Arrival.Place, _ binding: BindingPointer) {
        binding.pointee.admission.quota.give()
        pointee.processQuota.give()
        if place.charged > 0 { binding.pointee.admission.rate.giveBack(place.charged) }
    }

    /// Whether one more connection leaves enough descriptors for operators of the server. The kernel returns the lowest free
    /// number, so a new descriptor shows it. This is checked only once accepted sockets have come near the ceiling.
    private func hasDescriptor() -> Bool {
        guard _slowPath(pointee.isNearCeiling) else { return true }
        let next = fcntl(pointee.epoll, F_DUPFD_CLOEXEC, 0)
        guard next >= 0 else { return false }
        close(next)
        guard next < pointee.descriptorCeiling else { return false }
        pointee.isNearCeiling = next >= pointee.descriptorCeiling - 1
        return true
    }

    /// How long to wait at a limit: until the rate allows the next connection, if that is sooner than the usual time.
    private func retryMilliseconds(_ binding: BindingPointer, _ limit: Limit) -> UInt64 {
        guard limit == .acceptRate else { return LoopCore.acceptRetryMilliseconds }
        let wait = binding.pointee.admission.rate.wait(binding.pointee.rules.acceptRate, at: context.pointee.now)
        // Rounded up, so that the wait does not end early.
        return Swift.min(wait / 1_000_000 + 1, LoopCore.acceptRetryMilliseconds)
    }

    /// Refuses a peer with a reset.
    func refuse(_ descriptor: Int32, _ binding: BindingPointer, _ limit: Limit) {
        binding.countRefusal(limit)
        closeSocket(descriptor, reset: true)
    }

    /// Handles an error of accept(2): errors of that one connection are ignored; a lack of resources pauses accepting.
    private func acceptFailed(_ socket: ListeningSocketPointer, _ error: Int32) -> Bool {
        switch error {
        // EINVAL: before listen(2).
        case EAGAIN, EINVAL: return false
        case EMFILE, ENFILE, ENOBUFS, ENOMEM:
            pauseAccepting(socket, forResources: true, retryIn: LoopCore.acceptRetryMilliseconds)
            return false
        default: return true
        }
    }

    func callOpened(_ connection: ConnectionPointer) {
        let binding = connection.links.pointee.binding
        if binding.pointee.keepsSessions {
            guard let session = binding.own.pointee.sessions.take(for: connection) else {
                binding.pointee.counters.pointee.refused.add(1)
                return endConnection(connection, .noMemory, reset: true)
            }
            connection.links.pointee.session = session
            connection.noteSession()
        }
        if _slowPath(binding.pointee.usesWorkers) { return handOver(connection, .opened) }
        beginCallback(connection, .opened)
        let result = connection.callOpened()
        endCallback(connection)
        finishOpened(connection, result)
    }

    /// Called after the plugin has made a session or refused the peer.
    func finishOpened(_ connection: ConnectionPointer, _ result: Int32) {
        guard result == MARTLET_OK else {
            if result == MARTLET_ERROR_PEER {
                connection.counters.pointee.peerErrors.add(1)
            }
            context.pointee.output.reset()
            dropSession(connection)
            connection.counters.pointee.refused.add(1)
            return releaseConnection(connection, reset: true)
        }
        connection.pointee.state.take(.opened)
        if connection.links.pointee.binding.pointee.callbacks.state?.savesSessions == true {
            connection.pointee.state.take(.mustCheckpoint)
        }
        applyEffects(connection)
        if isHere(connection) { rearmTimer(connection) }
    }

    /// Stops accepting at a limit. Peers wait in the accept queue until there is room or the retry time comes.
    private func pauseAccepting(_ socket: ListeningSocketPointer, forResources: Bool, retryIn milliseconds: UInt64) {
        guard !socket.pointee.paused else { return }
        epoll_ctl(pointee.epoll, EPOLL_CTL_DEL, socket.pointee.descriptor, nil)
        if forResources { header.pointee.pausesForResources.add(1) } else { header.pointee.pausesAtLimit.add(1) }
        notePause(socket, retryIn: milliseconds)
    }

    private func notePause(_ socket: ListeningSocketPointer, retryIn milliseconds: UInt64) {
        socket.pointee.paused = true
        pointee.pausedSockets += 1
        let retry = context.pointee.milliseconds + milliseconds
        pointee.acceptRetryAt = pointee.pausedSockets == 1 ? retry : Swift.min(pointee.acceptRetryAt, retry)
    }

    func resumeAccepting() {
        for socket in pointee.sockets where socket.pointee.paused {
            socket.pointee.paused = false
            pointee.pausedSockets -= 1
            watch(socket)
        }
    }

    /// Level-triggered: the kernel reports peers again that one batch leaves. A socket that the kernel cannot watch now (ENOMEM,
    /// ENOSPC) counts as paused, so that it is tried again and does not stay deaf.
    package func watch(_ socket: ListeningSocketPointer) {
        let events = Epoll.input | (socket.pointee.shared ? Epoll.exclusive : 0)
        let tag = UInt64(UInt(bitPattern: socket)) | EventTag.listeningSocket
        guard !Kernel.watchListening(pointee.epoll, socket.pointee.descriptor, events, tag) else { return }
        header.pointee.pausesForResources.add(1)
        notePause(socket, retryIn: LoopCore.acceptRetryMilliseconds)
    }
}
