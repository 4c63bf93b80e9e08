/// The end of a connection, in three forms: at once, after lingering, and the release of its resources.
extension LoopPointer {
    /// Ends a connection now. Queued output is lost.
    func endConnection(_ connection: ConnectionPointer, _ reason: CloseReason, reset: Bool) {
        if let limit = reason.limit { connection.counters.pointee.hits.hit(limit) }
        endSession(connection, reason, then: .release(reset: reset))
    }

    /// Ends a connection whose output is sent: shuts down our direction and waits a while for the peer to close. Closing with
    /// unread input would reset the connection, and the peer could lose our last bytes (RFC 9112, 9.6).
    func finishConnection(_ connection: ConnectionPointer) {
        endSession(connection, connection.pointee.closeReason, then: .linger)
    }

    /// Calls `closed`, if there is a session, and then continues.
    func endSession(_ connection: ConnectionPointer, _ reason: CloseReason, then next: SessionCall.AfterClosed) {
        // A delivery that was made on the loop may have left output there.
        context.pointee.output.reset()
        guard connection.pointee.state.hasSession else { return continueAfterClosed(connection, next) }
        let binding = connection.links.pointee.binding
        if binding.pointee.usesWorkers { return handOver(connection, .closed(reason, then: next)) }
        cutTies(connection)
        connection.pointee.state.take(.ended)
        context.pointee.running.pointee.begin(.closed, binding.pointee.label)
        binding.pointee.callbacks.closed?(
            binding.pointee.env, connection.links.pointee.session, OpaquePointer(connection), UInt32(reason.rawValue))
        context.pointee.running.pointee.end()
        dropSession(connection)
        // What `closed` lent was refused.
        context.runReleases()
        continueAfterClosed(connection, next)
    }

    func continueAfterClosed(_ connection: ConnectionPointer, _ next: SessionCall.AfterClosed) {
        switch next {
        case .release(let reset): releaseConnection(connection, reset: reset)
        case .linger: beginLingering(connection)
        case .enter(let listener):
            // It is nobody to the other listener.
            connection.forgetPrincipal()
            enter(listener, connection)
        }
    }

    private func beginLingering(_ connection: ConnectionPointer) {
        if connection.pointee.state.peerSide != .sends { return releaseConnection(connection, reset: false) }
        connection.transportFinish()
        dropInput(connection)
        connection.pointee.state.take(.lingers)
        connection.setLowWaterMark(0)
        connection.pointee.timerDeadline = context.pointee.milliseconds + LoopCore.lingerMilliseconds
        rearmTimer(connection)
        readAndDrop(connection)
    }

    /// What others have for the session of a connection ends with it.
    func cutTies(_ connection: ConnectionPointer) {
        leaveGroups(connection)
        pointee.slots.ends.tell(connection.id)
    }

    /// Frees a session after its last call.
    func dropSession(_ connection: ConnectionPointer) {
        if let session = connection.links.pointee.session, connection.links.pointee.binding.pointee.keepsSessions {
            connection.links.pointee.binding.own.pointee.sessions.give(session)
        }
        connection.links.pointee.session = nil
        dropKept(connection)
    }

    func releaseConnection(_ connection: ConnectionPointer, reset: Bool) {
        connection.counters.pointee.closed.add(1)
        letGo(connection, reset: reset)
    }

    /// Frees what a connection has that is in no callback any more.
    func letGo(_ connection: ConnectionPointer, reset: Bool) {
        dropInput(connection)
        dropOutput(connection)
        context.runReleases()
        connection.forgetNextListener()
        connection.forgetPrincipal()
        cutTies(connection)
        pointee.wheel.cancel(connection.pointee.index)
        pointee.slots.disown(connection.pointee.descriptor)
        connection.transportClose(reset: reset)
        leaveAddresses(connection)
        connection.pointee.state.take(.released)
        connection.links.pointee.binding.pointee.admission.quota.give()
        pointee.processQuota.give()
        pointee.closedSlots.append(connection)
        if pointee.pausedSockets > 0 { pointee.acceptRetryAt = context.pointee.milliseconds }
        assertInvariants(connection)
    }

    /// Frees the slots of closed connections at the end of a turn, so that no event of that turn reaches a new connection in the
    /// slot. A slot that is still in the ready list is not freed yet.
    func freeClosedSlots() {
        guard !pointee.closedSlots.isEmpty else { return }
        pointee.closedSlots.removeAll { connection in
            guard !connection.pointee.state.isQueued else { return false }
            pointee.connections.give(connection)
            return true
        }
    }
}
