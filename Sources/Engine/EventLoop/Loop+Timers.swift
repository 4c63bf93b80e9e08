/// Deadlines of connections. The wheel holds one entry a connection, at or before the earliest of them; activity only
/// writes a time into the slot.
extension LoopPointer {
    /// Sees to it that the wheel's entry is not later than the earliest deadline.
    func rearmTimer(_ connection: ConnectionPointer) {
        let deadline = earliestDeadline(connection)
        let index = connection.pointee.index
        if deadline == .max { return pointee.wheel.cancel(index) }
        if let scheduled = pointee.wheel.deadline(of: index), scheduled <= deadline { return }
        pointee.wheel.schedule(index, at: deadline)
    }

    private func earliestDeadline(_ connection: ConnectionPointer) -> UInt64 {
        let timer = connection.pointee.timerDeadline == 0 ? UInt64.max : connection.pointee.timerDeadline
        if connection.pointee.flags.contains(.lingering) { return timer }
        return Swift.min(timer, idleDeadline(connection), writeDeadline(connection))
    }

    /// A connection is idle when neither side sends; one whose output waits is subject to the write timeout instead.
    private func idleDeadline(_ connection: ConnectionPointer) -> UInt64 {
        let timeout = connection.pointee.binding.pointee.limits.idleTimeoutMilliseconds
        guard timeout > 0, connection.pointee.outputHead == nil else { return .max }
        return Swift.max(connection.pointee.lastActivity, connection.pointee.lastWriteProgress) + timeout
    }

    private func writeDeadline(_ connection: ConnectionPointer) -> UInt64 {
        let timeout = connection.pointee.binding.pointee.limits.writeTimeoutMilliseconds
        guard timeout > 0, connection.pointee.outputHead != nil else { return .max }
        return connection.pointee.lastWriteProgress + timeout
    }

    /// Handles the timers that are due; a bounded number per turn.
    func runTimers() {
        for _ in 0..<LoopCore.timerBatch {
            guard let index = pointee.wheel.popExpired(now: pointee.milliseconds) else { return }
            expire(pointee.connections.pointer(index))
        }
    }

    private func expire(_ connection: ConnectionPointer) {
        let now = pointee.milliseconds
        if connection.pointee.flags.contains(.lingering) {
            guard connection.pointee.timerDeadline <= now else { return rearmTimer(connection) }
            // No reset: the kernel goes on sending what a slow peer has not taken yet.
            return releaseConnection(connection, reset: false)
        }
        if connection.pointee.timerDeadline != 0, connection.pointee.timerDeadline <= now {
            connection.pointee.timerDeadline = 0
            callTimer(connection)
            guard connection.pointee.flags.contains(.session) else { return }
        }
        if writeDeadline(connection) <= now { return endConnection(connection, .writeTimeout, reset: true) }
        if idleDeadline(connection) <= now { return endConnection(connection, .idleTimeout, reset: false) }
        rearmTimer(connection)
    }

    private func callTimer(_ connection: ConnectionPointer) {
        guard !connection.pointee.flags.contains(.closing),
            let timer = connection.pointee.binding.pointee.callbacks.timer
        else { return }
        beginCallback(connection)
        timer(connection.pointee.session, OpaquePointer(connection))
        endCallback(connection)
        finishTurn(connection)
    }
}
