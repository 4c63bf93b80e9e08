/// Deadlines of connections. The wheel has one entry per connection, at or before its earliest deadline; activity only writes a
/// time into the slot.
extension LoopPointer {
    /// Ensures that the wheel's entry is not later than the earliest deadline.
    func rearmTimer(_ connection: ConnectionPointer) {
        let deadline = earliestDeadline(connection)
        connection.pointee.isArmedForOutput = connection.links.pointee.outputHead != nil
        let index = connection.pointee.index
        if deadline == .max { return pointee.wheel.cancel(index) }
        if let scheduled = pointee.wheel.deadline(of: index), scheduled <= deadline { return }
        pointee.wheel.schedule(index, at: deadline)
    }

    private func earliestDeadline(_ connection: ConnectionPointer) -> UInt64 {
        let timer = connection.pointee.timerDeadline == 0 ? UInt64.max : connection.pointee.timerDeadline
        if connection.pointee.state.life == .lingering { return timer }
        return Swift.min(
            Swift.min(timer, idleDeadline(connection), writeDeadline(connection)),
            Swift.min(earlyDeadline(connection), requestDeadline(connection), lifetimeDeadline(connection)),
            connection.pointee.state.isThrottled
                ? Swift.min(connection.pointee.throttledUntil, throttleDeadline(connection)) : .max)
    }

    /// A time-out of 0 means that there is no deadline.
    private func deadline(_ timeout: UInt64, after time: UInt64, if applies: Bool = true) -> UInt64 {
        applies && timeout > 0 ? time + timeout : .max
    }

    /// The deadline of the handshake, or else of the first byte.
    private func earlyDeadline(_ connection: ConnectionPointer) -> UInt64 {
        let (limits, isHandshake) = (connection.limits, connection.pointee.state.life == .handshake)
        return deadline(
            isHandshake ? limits.handshakeTimeoutMilliseconds : limits.firstByteTimeoutMilliseconds,
            after: connection.pointee.openedAt, if: isHandshake || connection.pointee.state.isSilent)
    }

    /// The deadline of an incomplete message; the bytes that have arrived extend it. There is none while something other than the
    /// peer holds the message up.
    private func requestDeadline(_ connection: ConnectionPointer) -> UInt64 {
        let (limits, started) = (connection.limits, connection.pointee.requestStarted)
        let rate = limits.requestMinimumRate
        let more = rate > 0 ? connection.pointee.requestBytes * 1_000 / rate : 0
        return deadline(
            limits.requestTimeoutMilliseconds, after: started + more,
            if: started != 0 && connection.pointee.state.waitsForPeer)
    }

    private func lifetimeDeadline(_ connection: ConnectionPointer) -> UInt64 {
        let grace = connection.pointee.state.isOutlived ? LoopCore.lifetimeGraceMilliseconds : 0
        return deadline(connection.limits.lifetimeMilliseconds, after: connection.pointee.openedAt + grace)
    }

    /// The deadline of a connection whose requests came too fast: other connections of its address may have moved its time far away.
    private func throttleDeadline(_ connection: ConnectionPointer) -> UInt64 {
        deadline(
            connection.limits.requestWaitMilliseconds, after: connection.pointee.lastActivity,
            if: connection.pointee.state.isThrottled)
    }

    /// The deadline of a connection on which neither side sends. While output waits, the write timeout applies instead.
    private func idleDeadline(_ connection: ConnectionPointer) -> UInt64 {
        deadline(
            connection.limits.idleTimeoutMilliseconds,
            after: Swift.max(connection.pointee.lastActivity, connection.pointee.lastWriteProgress),
            if: connection.links.pointee.outputHead == nil && !connection.pointee.state.isThrottled)
    }

    private func writeDeadline(_ connection: ConnectionPointer) -> UInt64 {
        deadline(
            connection.limits.writeTimeoutMilliseconds, after: connection.pointee.lastWriteProgress,
            if: connection.links.pointee.outputHead != nil)
    }

    /// Handles the timers that are due, a bounded number per turn.
    func runTimers() {
        for _ in 0..<LoopCore.timerBatch {
            guard let index = pointee.wheel.popExpired(now: context.pointee.milliseconds) else { return }
            expire(pointee.connections.pointer(index))
        }
    }

    private func expire(_ connection: ConnectionPointer) {
        // Its deadlines are checked when it comes back, or goes on.
        guard connection.pointee.place == .loop, !connection.pointee.state.isParked else { return }
        context.workOn(connection)
        let now = context.pointee.milliseconds
        if connection.pointee.lowWaterMark != 0 {
            readHeldBackInput(connection)
            guard isHere(connection) else { return }
        }
        if connection.pointee.state.life == .lingering {
            guard connection.pointee.timerDeadline <= now else { return rearmTimer(connection) }
            // No reset: the kernel continues to send what a slow peer has not taken yet.
            return releaseConnection(connection, reset: false)
        }
        if connection.pointee.timerDeadline != 0, connection.pointee.timerDeadline <= now {
            connection.pointee.timerDeadline = 0
            callTimer(connection)
            guard isHere(connection) else { return }
        }
        if connection.pointee.state.isThrottled, connection.pointee.throttledUntil <= now {
            connection.pointee.state.take(.unthrottled)
            // The throttle caused the silence, not the peer.
            connection.pointee.lastActivity = now
            connection.restartRequestClock()
            if connection.pointee.inputCount > 0 { connection.pointee.state.take(.mustPresent) }
            enqueue(connection)
        }
        if earlyDeadline(connection) <= now {
            guard connection.pointee.state.life == .handshake else {
                return endConnection(connection, .firstByteTimeout, reset: false)
            }
            connection.counters.pointee.hits.hit(.handshakeTimeout)
            return endConnection(connection, .handshake, reset: false)
        }
        if requestDeadline(connection) <= now { return endConnection(connection, .requestTimeout, reset: false) }
        if lifetimeDeadline(connection) <= now, !outlive(connection) { return }
        if writeDeadline(connection) <= now { return endConnection(connection, .writeTimeout, reset: true) }
        if throttleDeadline(connection) <= now { return endConnection(connection, .requestRate, reset: false) }
        if idleDeadline(connection) <= now { return endConnection(connection, .idleTimeout, reset: false) }
        rearmTimer(connection)
    }

    /// At the end of its lifetime a connection is asked to finish. After a grace period it is ended. False: it is gone.
    private func outlive(_ connection: ConnectionPointer) -> Bool {
        guard !connection.pointee.state.isOutlived else {
            endConnection(connection, .lifetime, reset: true)
            return false
        }
        connection.pointee.state.take(.outlived)
        connection.counters.pointee.hits.hit(.lifetime)
        guard connection.pointee.state.hasSession else { return true }
        drain(connection)
        return isHere(connection)
    }

    private func callTimer(_ connection: ConnectionPointer) {
        guard !connection.pointee.state.isClosing, let timer = connection.links.pointee.binding.pointee.callbacks.timer
        else { return }
        call(connection, .timer, timer)
    }
}
