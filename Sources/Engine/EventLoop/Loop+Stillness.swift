import CMartlet
import PluginABI

/// What waits until the callbacks of a listener run again.
enum Postponed {
    case delivery(Delivery)
    case drain(ConnectionID)
    /// A connection that another plugin has handed over. Meanwhile it may end, at a time-out for example.
    case entry(Admission, ConnectionPointer, ConnectionID)
}

/// Standstill of one listener's callbacks while the state of its instance moves (`martlet.instance-state/1`). Its connections are
/// parked between two callbacks; the loop goes on for all others.
extension LoopPointer {
    package func setStillness(_ stillness: Stillness, of binding: BindingPointer) {
        if binding.own.pointee.stillness == .none { pointee.stillCount += 1 }
        if stillness == .none { pointee.stillCount -= 1 }
        binding.own.pointee.stillness = stillness
        // Peers have waited in the accept queue.
        if stillness == .none, pointee.pausedSockets > 0 { pointee.acceptRetryAt = context.pointee.milliseconds }
    }

    /// Parks the connections of a binding (nil: of all) that are not busy; the others are parked after a later callback. One call handles one chunk
    /// of the pool.
    ///
    /// - Returns: how many are not parked yet, and the next piece; nil: this was the last.
    package func park(_ binding: BindingPointer?, piece: Int) -> (left: Int, next: Int?) {
        var left = 0
        let next = inPiece(piece, of: binding) { connection in
            if connection.pointee.place == .worker {
                awayRecord(connection) { $0.moves = true }
            } else if connection.pointee.state.isParked || connection.pointee.state.life == .lingering {
                return
            } else if connection.pointee.state.life == .handshake {
                return connection.pointee.state.take(.parked)
            } else if connection.pointee.state.hasSession, park(connection) {
                return
            }
            left += 1
        }
        return (left, next)
    }

    /// Parks a connection, unless its session is busy. Then it is asked again after its next callback.
    func park(_ connection: ConnectionPointer) -> Bool {
        let isBusy = isBusy(connection)
        connection.pointee.state.take(isBusy ? .mustMove : .parked)
        return !isBusy
    }

    /// Whether the session says that it cannot move now.
    private func isBusy(_ connection: ConnectionPointer) -> Bool {
        let callbacks = connection.links.pointee.binding.pointee.callbacks
        guard callbacks.layout.plainName == nil, let functions = callbacks.state else { return false }
        defer { context.runReleases() }
        context.pointee.running.pointee.begin(.save, connection.links.pointee.binding.pointee.label)
        defer { context.pointee.running.pointee.end() }
        var count = 0
        return functions.save(
            connection.links.pointee.binding.pointee.env, connection.links.pointee.session, OpaquePointer(connection),
            pointee.scratch.assumingMemoryBound(to: UInt8.self), LoopCore.scratchSize, &count) == MARTLET_ERROR_BUSY
    }

    /// Lets the callbacks of all instances settle, and parks the connections of these chunks that are not busy, and all those of listeners
    /// that have groups, which stay together. Returns how many are busy, and at least 1 when work or deliveries of an instance are
    /// outstanding.
    func park(chunks: Range<Int>) -> Int {
        for binding in pointee.bindings where binding.own.pointee.stillness == .none {
            setStillness(.settling, of: binding)
        }
        let together = pointee.bindings.filter { !$0.pointee.admission.groups.isEmpty }
        var left = pointee.bindings.contains { !$0.pointee.ledger.isEmpty } ? 1 : 0
        for piece in 0..<pointee.connections.chunkCount {
            let bindings = chunks.contains(piece) ? [nil] : together.map(Optional.some)
            for binding in bindings { left += park(binding, piece: piece).left }
        }
        return left
    }

    /// Lets those that only settle run again, with their connections.
    func unsettleAll() {
        let settling = pointee.bindings.filter { $0.own.pointee.stillness == .settling }
        for binding in settling { setStillness(.none, of: binding) }
        var piece: Int? = 0
        while let next = piece { piece = unpark(Array(settling), piece: next) }
        catchUpPostponed()
    }

    /// Lets the connections of these bindings go on. One call handles one chunk of the pool. Returns the next piece; nil: this was the
    /// last.
    package func unpark(_ bindings: [BindingPointer], piece: Int) -> Int? {
        inPiece(piece, of: nil) { connection in
            guard connection.pointee.place == .loop, connection.pointee.state.isParked,
                bindings.contains(connection.links.pointee.binding)
            else { return }
            connection.pointee.state.take(.unparked)
            if connection.pointee.state.hasSession { connection.pointee.state.take(.moveSettled) }
            enqueue(connection)
            rearmTimer(connection)
        }
    }

    /// Does what had to wait. Called when the connections have been unparked.
    package func catchUpPostponed() {
        let postponed = pointee.postponed
        pointee.postponed = []
        for action in postponed {
            switch action {
            case .delivery(let delivery): deliver(delivery)
            case .drain(let id): if let connection = pointee.connections.find(id) { drain(connection) }
            case .entry(let listener, let connection, let id):
                guard connection.id == id, connection.pointee.state.allows(.entered) else {
                    listener.quota.give()
                    continue
                }
                context.workOn(connection)
                enter(listener, connection)
            }
        }
    }

    /// True: the delivery waits.
    func postpones(_ delivery: Delivery) -> Bool {
        if let binding = binding(of: delivery.ledger), binding.own.pointee.stillness == .complete {
            pointee.postponed.append(.delivery(delivery))
            return true
        }
        guard let connection = pointee.connections.find(delivery.connection), connection.pointee.place == .loop,
            connection.pointee.state.isParked
        else { return false }
        let binding = connection.links.pointee.binding
        if binding.own.pointee.stillness == .settling, binding.pointee.ledger === delivery.ledger {
            // The session gets it now, and is parked again afterwards.
            connection.pointee.state.take(.unparked)
            connection.pointee.state.take(.mustMove)
            return false
        }
        pointee.postponed.append(.delivery(delivery))
        return true
    }
}
