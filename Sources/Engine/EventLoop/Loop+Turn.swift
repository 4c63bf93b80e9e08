import Threads

/// The steps around each callback: mark the connection as running it, and afterwards put into effect what it asked for (output,
/// close, timer, backpressure).
extension LoopPointer {
    @inline(__always)
    func beginCallback(_ connection: ConnectionPointer, _ kind: CallbackKind) {
        connection.pointee.flags.insert(.inCallback)
        context.pointee.running.pointee.begin(kind, connection.pointee.binding.pointee.label)
        if _slowPath(connection.pointee.binding.pointee.slowCallbackNanoseconds != 0) {
            pointee.callbackBegan = readMonotonicClock()
        }
    }

    @inline(__always)
    func endCallback(_ connection: ConnectionPointer) {
        connection.pointee.flags.remove(.inCallback)
        context.pointee.running.pointee.end()
        if _slowPath(pointee.callbackBegan != 0) { measureCallback(connection) }
    }

    private func measureCallback(_ connection: ConnectionPointer) {
        connection.countSlowCallback(since: pointee.callbackBegan)
        pointee.callbackBegan = 0
    }

    /// There is a session, and no worker has it: the steps after a callback may continue.
    @inline(__always)
    func isHere(_ connection: ConnectionPointer) -> Bool {
        !connection.pointee.isAway && connection.pointee.flags.contains(.session)
    }

    /// Puts into effect what the last callback of a connection asked for. The connection may be gone afterwards.
    @inline(__always)
    func finishTurn(_ connection: ConnectionPointer) {
        let unusual: ConnectionFlags = [
            .closing, .aborting, .blocked, .toldFull, .timerChanged, .closeWhenConsumed, .readable, .presentAgain,
            .peerFinished, .moves, .throttled, .handsOver,
        ]
        if _fastPath(connection.pointee.flags.isDisjoint(with: unusual) && connection.pointee.outputHead == nil) {
            guard flush(connection) else { return breakOff(connection) }
            if _fastPath(connection.pointee.outputHead == nil && context.pointee.releases.isEmpty) { return }
        }
        finishUnusualTurn(connection)
    }

    private func finishUnusualTurn(_ connection: ConnectionPointer) {
        if connection.pointee.flags.contains(.aborting) {
            return endConnection(connection, connection.pointee.closeReason, reset: true)
        }
        guard flush(connection) else { return breakOff(connection) }
        context.runReleases()
        if connection.pointee.flags.contains(.closeWhenConsumed), connection.pointee.inputCount == 0 {
            connection.pointee.closeReason = .shutdown
            connection.pointee.flags.insert(.closing)
        }
        if connection.pointee.flags.contains(.closing), connection.pointee.outputHead == nil {
            return finishConnection(connection)
        }
        if connection.pointee.flags.intersection([.handsOver, .closing]) == .handsOver {
            guard pointee.isEntering else { return handOverToListener(connection) }
            // The connection has only just arrived. It is handed over in the next turn, because listeners may pass it back and
            // forth forever.
            enqueue(connection)
            return rearmTimer(connection)
        }
        if connection.pointee.flags.contains(.moves) { _ = migrate(connection) }
        connection.pointee.flags.remove(.timerChanged)
        let highWater = connection.pointee.binding.pointee.limits.outputHighWater
        if connection.pointee.flags.contains(.toldFull) || connection.pointee.outputBytes >= highWater {
            if !connection.pointee.flags.contains(.blocked) {
                connection.pointee.binding.pointee.counters.pointee.hits.hit(.outputHighWater)
                connection.pointee.flags.insert(.blocked)
            }
        }
        if hasMoreToDo(connection) { enqueue(connection) }
        rearmTimer(connection)
    }

    private func hasMoreToDo(_ connection: ConnectionPointer) -> Bool {
        let flags = connection.pointee.flags
        if flags.contains(.closing) { return false }
        if flags.contains(.blocked) {
            return connection.pointee.outputBytes <= connection.pointee.binding.pointee.limits.outputLowWater
        }
        if !flags.isDisjoint(with: [.paused, .throttled]) { return false }
        return !flags.isDisjoint(with: [.readable, .presentAgain])
            || flags.contains(.peerFinished) && !flags.contains(.peerFinishedTold)
    }

    /// Puts a connection on the ready list, so that it continues in the next turn.
    func enqueue(_ connection: ConnectionPointer) {
        guard !connection.pointee.flags.contains(.queued) else { return }
        connection.pointee.flags.insert(.queued)
        pointee.ready.append(connection)
    }

    /// Runs the next step of a connection that had more to do than one turn allows.
    func proceed(_ connection: ConnectionPointer) {
        // The connection is put on the ready list again when it comes back.
        if _slowPath(connection.pointee.isAway) { return awayRecord(connection) { $0.isQueued = true } }
        connection.pointee.flags.remove(.queued)
        guard connection.pointee.flags.contains(.open) else { return }
        if connection.pointee.flags.contains(.lingering) { return readAndDrop(connection) }
        if connection.pointee.flags.contains(.flushAgain) {
            guard flushSegments(connection) else { return breakOff(connection) }
            finishTurn(connection)
            guard isHere(connection) else { return }
        }
        if connection.pointee.flags.contains(.handsOver) { return finishTurn(connection) }
        if connection.pointee.flags.contains(.blocked) {
            unblock(connection)
            guard isHere(connection) else { return }
        }
        let flags = connection.pointee.flags
        if flags.contains(.presentAgain) {
            if flags.isDisjoint(with: [.paused, .blocked, .closing, .throttled]) { presentBuffered(connection) }
        } else if flags.contains(.peerFinished) {
            tellPeerFinished(connection)
        } else {
            readInput(connection)
        }
    }

    /// Tells a plugin that was told FULL that there is room again.
    private func unblock(_ connection: ConnectionPointer) {
        guard connection.pointee.outputBytes <= connection.pointee.binding.pointee.limits.outputLowWater,
            !connection.pointee.flags.contains(.closing)
        else { return }
        connection.pointee.flags.remove([.blocked, .toldFull])
        connection.restartRequestClock()
        if let writable = connection.pointee.binding.pointee.callbacks.writable {
            if _slowPath(connection.pointee.binding.pointee.usesWorkers) { return handOver(connection, .writable) }
            beginCallback(connection, .writable)
            writable(connection.pointee.binding.pointee.env, connection.pointee.session, OpaquePointer(connection))
            endCallback(connection)
        }
        finishTurn(connection)
    }
}
