import CLinux
import CMartlet
import Glibc

/// Adds, changes and removes instances and listening sockets between callbacks. All of this runs on the loop.
extension LoopPointer {
    /// Lets the plugin make its state for this loop. Returns what it returned.
    package func start(_ binding: BindingPointer) -> martlet_result {
        if let loopStart = binding.pointee.callbacks.loopStart {
            var state: UnsafeMutableRawPointer?
            context.pointee.running.pointee.begin(.loopStart, binding.pointee.label)
            defer { context.pointee.running.pointee.end() }
            let result = loopStart(binding.pointee.env, &state)
            guard result == MARTLET_OK else { return result }
            binding.pointee.environment.pointee.loop_state = state
        }
        binding.own.pointee.isStopped = false
        pointee.bindings.append(binding)
        return MARTLET_OK
    }

    /// Begins to accept on a socket. The loop owns the descriptor from now on; a borrowed socket has a duplicate descriptor.
    ///
    /// - Parameters:
    ///   - endpoint: the endpoint name of the connections.
    ///   - isWatched: false before listen(2), when epoll would report a hang-up endlessly; the caller calls `watch` later.
    package func listen(
        descriptor: Int32, shared: Bool, endpoint: UnsafePointer<martlet_text> = EndpointName.interned(""),
        binding: BindingPointer, isBorrowed: Bool = false, isWatched: Bool = true
    ) -> ListeningSocketPointer {
        let socket = ListeningSocketPointer.allocate(capacity: 1)
        socket.initialize(
            to: ListeningSocket(
                descriptor: descriptor, shared: shared, endpoint: endpoint, binding: binding, isBorrowed: isBorrowed))
        pointee.sockets.append(socket)
        countListeners()
        if isWatched { watch(socket) }
        return socket
    }

    /// Stops accepting. Peers that the kernel has already connected are accepted first, so that none is reset.
    package func stopListening(_ socket: ListeningSocketPointer) {
        // The owner of a borrowed socket accepts its peers again. The number is bounded, because peers may continue to arrive. The
        // first loop accepts all peers of a shared socket.
        if !socket.pointee.isBorrowed, !socket.pointee.isLeft {
            for _ in 0..<LoopCore.lastAcceptLimit { guard acceptOne(socket, isLast: true) else { break } }
        }
        if socket.pointee.paused {
            pointee.pausedSockets -= 1
        } else {
            epoll_ctl(pointee.epoll, EPOLL_CTL_DEL, socket.pointee.descriptor, nil)
        }
        close(socket.pointee.descriptor)
        pointee.sockets.removeAll { $0 == socket }
        countListeners()
        // An event of this turn may still point here. A paused socket accepts nothing, and its memory is freed at the end of the turn.
        socket.pointee.paused = true
        pointee.stoppedSockets.append(socket)
    }

    private func countListeners() {
        let first = pointee.sockets.first?.pointee.binding.pointee.admission
        pointee.isShared = pointee.sockets.contains { $0.pointee.binding.pointee.admission !== first }
    }

    func freeStoppedSockets() {
        for socket in pointee.stoppedSockets { socket.deallocate() }
        pointee.stoppedSockets.removeAll()
    }

    /// Calls `onDrained` once the last connection of the binding is gone and all its loans are returned, at once if that is already true.
    package func retire(_ binding: BindingPointer, onDrained: @escaping @Sendable () -> Void) {
        binding.own.pointee.onDrained = onDrained
        if !pointee.retiring.contains(binding) { pointee.retiring.append(binding) }
        tellDrained()
    }

    func tellDrained() {
        guard pointee.retiring.contains(where: \.isIdle) else { return }
        let drained = pointee.retiring.filter(\.isIdle)
        pointee.retiring.removeAll(where: \.isIdle)
        for binding in drained {
            binding.own.pointee.onDrained?()
            binding.own.pointee.onDrained = nil
        }
    }

    /// Whether the instance has nothing left on this loop. While its ledger is closed, nothing comes back.
    package func isIdle(_ binding: BindingPointer) -> Bool { binding.isIdle }

    /// Makes the last call of the plugin on this loop. The instance must be idle on all loops, with nothing outstanding.
    package func stop(_ binding: BindingPointer) {
        guard !binding.own.pointee.isStopped else { return }
        binding.own.pointee.isStopped = true
        pointee.bindings.removeAll { $0 == binding }
        pointee.retiring.removeAll { $0 == binding }
        guard let loopStop = binding.pointee.callbacks.loopStop else { return }
        context.pointee.running.pointee.begin(.loopStop, binding.pointee.label)
        defer { context.pointee.running.pointee.end() }
        loopStop(binding.pointee.env)
    }

    /// Calls a function of the plugin that belongs to no connection. nil: the binding is stopped on this loop.
    package func withEnv<Answer>(
        of binding: BindingPointer, _ body: (UnsafePointer<martlet_env>) -> Answer
    ) -> Answer? {
        guard !binding.own.pointee.isStopped else { return nil }
        context.pointee.running.pointee.begin(.operation, binding.pointee.label)
        defer { context.pointee.running.pointee.end() }
        return body(binding.pointee.env)
    }

    /// Asks the connections of a binding (nil: of all) to finish what they have begun. One call handles one chunk of the pool.
    /// Returns the next piece; nil: all are asked.
    package func drain(_ binding: BindingPointer?, piece: Int) -> Int? {
        inPiece(piece, of: binding) { connection in
            if connection.pointee.place == .loop, connection.pointee.state.life == .handshake {
                return endConnection(connection, .shutdown, reset: true)
            }
            if connection.pointee.place == .worker || connection.pointee.state.hasSession { drain(connection) }
        }
    }

    func drain(_ connection: ConnectionPointer) {
        if connection.pointee.place == .worker { return awayRecord(connection) { $0.drains = true } }
        guard !connection.pointee.state.isParked else {
            return pointee.postponed.append(.drain(connection.id))
        }
        guard let draining = connection.links.pointee.binding.pointee.callbacks.draining else {
            connection.pointee.state.take(.mustDrain)
            return applyEffects(connection)
        }
        guard !connection.pointee.state.isClosing else { return }
        call(connection, .draining, draining)
    }

    /// Ends the connections of a binding (nil: of all) now. One call handles one chunk of the pool. Returns how many sessions were
    /// cut, and the next piece.
    package func cut(_ binding: BindingPointer?, piece: Int) -> (cut: Int, next: Int?) {
        var count = 0
        let next = inPiece(piece, of: binding) { connection in
            if connection.pointee.place == .worker {
                count += 1
                return awayRecord(connection) { $0.end = .shutdown }
            }
            let hasSession = connection.pointee.state.hasSession
            if hasSession { count += 1 }
            // A lingering connection has ended normally: the kernel may still be sending its last bytes.
            endConnection(connection, .shutdown, reset: hasSession)
        }
        return (count, next)
    }

    /// Age of a binding's oldest connection in one chunk of the pool; 0 when it has none there.
    package func oldestConnectionSeconds(of binding: BindingPointer, piece: Int) -> (seconds: Double, next: Int?) {
        var oldest = context.pointee.milliseconds
        let next = inPiece(piece, of: binding) { oldest = Swift.min(oldest, $0.pointee.openedAt) }
        return (Double(context.pointee.milliseconds - oldest) / 1_000, next)
    }

    /// What is known of a binding's connections in one chunk of the pool, and the number of the next piece.
    package func list(
        _ binding: BindingPointer, piece: Int, into views: inout [ConnectionView], limit: Int
    ) -> Int? {
        let now = context.pointee.milliseconds
        var found: [ConnectionView] = []
        let next = inPiece(piece, of: binding) { connection in
            guard views.count + found.count < limit else { return }
            found.append(ConnectionView(connection, at: now))
        }
        views += found
        return views.count < limit ? next : nil
    }

    /// Stops the loop's thread after this turn.
    package func stop() { pointee.stopping = true }
}
