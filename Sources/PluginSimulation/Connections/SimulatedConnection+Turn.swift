import CMartlet

/// What happens around each callback, in the order of the real host: the callback runs, then what it asked for takes
/// effect (output, close, backpressure), then the connection goes on as far as it can.
extension SimulatedConnection {
    var handle: OpaquePointer { OpaquePointer(Unmanaged.passUnretained(self).toOpaque()) }

    func callback(_ call: PluginCall, _ body: () -> Void) {
        moment = .callback
        host.begin(call)
        body()
        dropReservation()
        moment = .idle
    }

    /// `opened`; false: refused.
    func open() {
        var made: UnsafeMutableRawPointer?
        var result = MARTLET_OK
        callback(.opened) { result = host.plugin.opened(host.state, host.loopStates[loop], handle, &made) }
        guard result == MARTLET_OK else {
            outcome = .refused
            loans += queue.drop()
            return giveBackLoans()
        }
        session = made
        hasSession = true
        finishTurn()
        proceed()
    }

    /// Puts into effect what the last callback asked for. The connection may be gone afterwards.
    func finishTurn() {
        guard outcome == nil else { return }
        if aborting { return endConnection(closeReason, reset: true) }
        if peerIsGone, queue.count > 0 { return endConnection(MARTLET_CLOSED_RESET, reset: true) }
        if readsAtOnce { take(.max) }
        giveBackLoans()
        if aborting { return endConnection(closeReason, reset: true) }
        if closesWhenConsumed, input.isEmpty, unread.isEmpty {
            closeReason = MARTLET_CLOSED_SHUTDOWN
            closing = true
        }
        if closing, queue.count == 0 { return endConnection(closeReason, reset: false) }
        if toldFull || queue.count >= host.limits.outputHighWater { blocked = true }
        if let successor { migrate(to: successor) }
    }

    /// Goes on until nothing is left to do or the plugin has to wait.
    func proceed() {
        // A plugin that neither consumes nor waits would go on for ever; nothing real needs so many steps.
        var (idle, last) = (0, progress)
        for _ in 0..<1_000_000 {
            guard step() else { return }
            idle = progress == last ? idle + 1 : 0
            last = progress
            if idle == 10_000 { break }
        }
        violation("goes on for ever without consuming its input")
        endConnection(MARTLET_CLOSED_FAULT, reset: true)
    }

    /// False: there is nothing to do.
    private func step() -> Bool {
        guard outcome == nil, hasSession, !closing else { return false }
        if blocked {
            guard queue.count <= host.limits.outputLowWater else { return false }
            unblock()
            return true
        }
        if paused { return false }
        if presentAgain, !input.isEmpty {
            present([])
        } else if !unread.isEmpty {
            present(unread.removeFirst())
        } else if peerFinished, !peerFinishedTold {
            tellPeerFinished()
        } else {
            return false
        }
        return true
    }

    private func unblock() {
        blocked = false
        toldFull = false
        if let writable = host.plugin.writable { callback(.writable) { writable(session, handle) } }
        finishTurn()
    }

    private func tellPeerFinished() {
        peerFinishedTold = true
        input = []
        if let peerClosed = host.plugin.peerClosed {
            callback(.peerClosed) { peerClosed(session, handle) }
        } else {
            closeReason = MARTLET_CLOSED_BY_PEER
            closing = true
        }
        finishTurn()
    }

    func fireTimer() {
        timerDeadline = nil
        guard outcome == nil, !closing, let timer = host.plugin.timer else { return }
        callback(.timer) { timer(session, handle) }
        finishTurn()
        proceed()
    }

    func drain() {
        guard isOpen, !closing else { return }
        if let draining = host.plugin.draining {
            callback(.draining) { draining(session, handle) }
        } else {
            closesWhenConsumed = true
        }
        finishTurn()
        proceed()
    }

    /// - Parameter origin: the session is here for this call alone, and goes back.
    func deliver(
        _ delivery: martlet_delivery, _ context: UnsafeMutableRawPointer?, thenTo origin: SimulatedHost? = nil
    ) {
        callback(.delivery) { delivery(context, handle, session) }
        if let origin, !closing, !aborting { migrate(to: origin) }
        finishTurn()
        proceed()
    }
}
