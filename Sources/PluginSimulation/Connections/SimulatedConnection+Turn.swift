import CMartlet

/// What happens around each callback, in the order of the real host: the callback runs, then what it asked for takes
/// effect (output, close, backpressure), then the connection goes on as far as it can.
extension SimulatedConnection {
    var handle: OpaquePointer { OpaquePointer(Unmanaged.passUnretained(self).toOpaque()) }

    /// Of its instance on its loop.
    var env: UnsafePointer<martlet_env> { UnsafePointer(host.environments[loop]) }

    func callback(_ call: PluginCall, _ body: () -> Void) {
        moment = .callback
        host.begin(call)
        body()
        dropReservation()
        moment = .idle
        checkPlainSession()
    }

    /// `opened`; false: refused.
    func open() {
        let own = makeSession(host.plugin.callbacks.layout)
        var made = own
        var result = MARTLET_OK
        callback(.opened) { result = tellOpened(&made) }
        if own != nil { made = own }
        guard result == MARTLET_OK else {
            outcome = .refused
            dropSession()
            loans += queue.drop()
            return giveBackLoans()
        }
        session = made
        hasSession = true
        finishTurn()
        proceed()
    }

    private func tellOpened(_ made: inout UnsafeMutableRawPointer?) -> martlet_result {
        var (peer, local, name) = (address.asStruct, self.local.asStruct, endpoint)
        return name.withUTF8 { name in
            withUnsafePointer(to: &peer) { peer in
                withUnsafePointer(to: &local) { local in
                    var opening = martlet_opening()
                    opening.size = UInt32(MemoryLayout<martlet_opening>.size)
                    opening.origin = MARTLET_ORIGIN_ACCEPTED
                    (opening.peer, opening.local) = (peer, local)
                    opening.endpoint = martlet_text(
                        data: UnsafeRawPointer(name.baseAddress)?.assumingMemoryBound(to: CChar.self),
                        length: name.count)
                    return host.plugin.callbacks.opened(env, handle, &opening, &made)
                }
            }
        }
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
        if let nextListener { return endHandingOver(to: nextListener) }
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
        if let writable = host.plugin.callbacks.writable { callback(.writable) { writable(env, session, handle) } }
        finishTurn()
    }

    private func tellPeerFinished() {
        if wantedInput > 0, !input.isEmpty { return present([]) }
        peerFinishedTold = true
        input = []
        if let peerClosed = host.plugin.callbacks.peerClosed {
            callback(.peerClosed) { peerClosed(env, session, handle) }
        } else {
            closeReason = MARTLET_CLOSED_BY_PEER
            closing = true
        }
        finishTurn()
    }

    func fireTimer() {
        timerDeadline = nil
        guard outcome == nil, !closing, let timer = host.plugin.callbacks.timer else { return }
        callback(.timer) { timer(env, session, handle) }
        finishTurn()
        proceed()
    }

    func drain() {
        guard isOpen, !closing else { return }
        if let draining = host.plugin.callbacks.draining {
            callback(.draining) { draining(env, session, handle) }
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
        callback(.delivery) { delivery(env, context, handle, session) }
        if let origin, !closing, !aborting { migrate(to: origin) }
        finishTurn()
        proceed()
    }
}
