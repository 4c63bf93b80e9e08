import PluginABI
import Threads

/// The steps around each callback: it is marked as running, and afterwards the loop does what the plugin asked for (output, close,
/// timer, backpressure). `ConnectionState` says what that is.
extension LoopPointer {
    @inline(__always)
    func beginCallback(_ connection: ConnectionPointer, _ kind: CallbackKind) {
        connection.pointee.state.take(.callbackBegan)
        context.pointee.running.pointee.begin(kind, connection.links.pointee.binding.pointee.label)
        if _slowPath(connection.links.pointee.binding.pointee.slowCallback.load(ordering: .relaxed) != 0) {
            pointee.callbackBegan = readMonotonicClock()
        }
    }

    @inline(__always)
    func endCallback(_ connection: ConnectionPointer) {
        connection.pointee.state.take(.callbackReturned)
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
        connection.pointee.place == .loop && connection.pointee.state.hasSession
    }

    /// Does what the last callback of a connection asked for. The connection may be gone afterwards.
    @inline(__always)
    func applyEffects(_ connection: ConnectionPointer) {
        if _fastPath(connection.pointee.state.isUsual && connection.links.pointee.outputHead == nil) {
            guard flush(connection) else { return breakOff(connection) }
            if _fastPath(connection.links.pointee.outputHead == nil && context.pointee.releases.isEmpty) {
                return assertInvariants(connection)
            }
        }
        applyUnusualEffects(connection)
        assertInvariants(connection)
    }

    private func applyUnusualEffects(_ connection: ConnectionPointer) {
        if connection.pointee.state.isAborting { return perform(.abort, connection) }
        // The peer must not get an answer that a successor of this process knows nothing of.
        if connection.pointee.state.mustCheckpoint { saveCheckpoint(connection) }
        guard flush(connection) else { return breakOff(connection) }
        context.runReleases()
        if connection.pointee.state.drains, connection.pointee.inputCount == 0 {
            connection.pointee.closeReason = .shutdown
            connection.pointee.state.take(.mustClose)
        }
        var hasMoved = false
        while true {
            let effect = connection.pointee.state.afterCallback(facts(connection), hasMoved: hasMoved)
            perform(effect, connection)
            guard effect == .move || effect == .block else { return }
            hasMoved = hasMoved || effect == .move
        }
    }

    private func facts(_ connection: ConnectionPointer) -> ConnectionFacts {
        let limits = connection.limits
        return ConnectionFacts(
            hasOutput: connection.links.pointee.outputHead != nil,
            isAboveHighWater: connection.pointee.outputBytes >= limits.outputHighWater,
            isBelowLowWater: connection.pointee.outputBytes <= limits.outputLowWater, isEntering: pointee.isEntering)
    }

    /// Puts a connection on the ready list, so that it continues in the next turn.
    func enqueue(_ connection: ConnectionPointer) {
        guard !connection.pointee.state.isQueued else { return }
        connection.pointee.state.take(.queued)
        pointee.ready.append(connection)
    }

    /// Continues with a connection that had more to do than one turn allows.
    func proceed(_ connection: ConnectionPointer) {
        // The connection is put on the ready list again when it comes back.
        if _slowPath(connection.pointee.place == .worker) { return awayRecord(connection) { $0.isQueued = true } }
        connection.pointee.state.take(.dequeued)
        // The binding of a vacant slot may be gone.
        guard !connection.pointee.state.isVacant else { return }
        context.workOn(connection)
        var previous = ConnectionEffect.nothing
        while true {
            let effect = connection.pointee.state.onReady(facts(connection), after: previous)
            perform(effect, connection)
            guard effect == .flush || effect == .tellWritable, isHere(connection) else { return }
            previous = effect
        }
    }

    /// Does what `ConnectionState` has said.
    func perform(_ effect: ConnectionEffect, _ connection: ConnectionPointer) {
        switch effect {
        case .nothing: return
        case .shakeHands: continueHandshake(connection)
        case .readAndDrop: readAndDrop(connection)
        case .flush:
            guard flushSegments(connection) else { return breakOff(connection) }
            applyEffects(connection)
        case .breakOff: endConnection(connection, .reset, reset: true)
        case .read: readInput(connection)
        case .present: presentBuffered(connection)
        case .tellOfEnd: tellPeerFinished(connection)
        case .tellWritable: tellWritable(connection)
        case .settle: applyEffects(connection)
        case .abort: endConnection(connection, connection.pointee.closeReason, reset: true)
        case .finish: finishConnection(connection)
        case .handOver: handOverToListener(connection)
        case .move: _ = migrate(connection)
        case .block:
            connection.counters.pointee.hits.hit(.outputHighWater)
            connection.pointee.state.take(.wentAboveHighWater)
        // Listeners may pass a connection back and forth for ever, so one that has only just arrived is handed over in the next turn.
        case .settleLater:
            enqueue(connection)
            rearmTimer(connection)
        case .wait: rest(connection)
        case .continue:
            enqueue(connection)
            rest(connection)
        }
    }

    /// The connection waits for its peer, for room or for a time.
    private func rest(_ connection: ConnectionPointer) {
        connection.pointee.state.take(.deadlineChecked)
        rearmTimer(connection)
    }

    /// Tells a plugin that was told FULL that there is room again.
    private func tellWritable(_ connection: ConnectionPointer) {
        connection.pointee.state.take(.wentBelowLowWater)
        connection.restartRequestClock()
        guard let writable = connection.links.pointee.binding.pointee.callbacks.writable else {
            return applyEffects(connection)
        }
        call(connection, .writable, writable)
    }

    /// Makes a call that gets and returns nothing, and does what the plugin asked for in it.
    func call(_ connection: ConnectionPointer, _ kind: CallbackKind, _ function: SessionCallbacks.Signal) {
        let binding = connection.links.pointee.binding
        if _slowPath(binding.pointee.usesWorkers) { return handOver(connection, .signal(kind, function)) }
        beginCallback(connection, kind)
        function(binding.pointee.env, connection.links.pointee.session, OpaquePointer(connection))
        endCallback(connection)
        applyEffects(connection)
    }
}
