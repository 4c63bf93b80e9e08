/// What a simulation does with one connection, where the control side of a server deals with all connections of an instance.
extension LoopPointer {
    /// Moves one session to another generation, now or after a later callback.
    package func migrate(_ connection: ConnectionPointer, to new: BindingPointer) -> Move {
        guard isHere(connection), connection.pointee.binding != new else { return .stays }
        connection.pointee.binding.pointee.successor = new
        if migrate(connection) { return .moved }
        return connection.pointee.flags.contains(.moves) ? .later : .stays
    }

    /// Ends one connection, as a limit of the host does.
    package func end(_ connection: ConnectionPointer, _ reason: CloseReason) {
        guard isHere(connection) else { return }
        let isKind: Set<CloseReason> = [.idleTimeout, .inputLimit, .firstByteTimeout, .requestTimeout, .requestRate]
        endConnection(connection, reason, reset: !isKind.contains(reason))
    }
}

/// The state of a connection, as tests look at it between two turns.
package struct ConnectionReport {
    /// `opened` succeeded and `closed` has not been called.
    package let hasSession: Bool
    /// Names the instance, as in its binding.
    package let label: UInt32
    package let id: ConnectionID
    package let isPaused: Bool
    package let expectsInput: Bool
    /// The session moves to the next generation after a later callback.
    package let movesLater: Bool
    /// Input that the plugin has not consumed.
    package let inputCount: Int
    package let wantedInput: Int
    /// Output that waits for the peer.
    package let outputCount: Int
    /// Milliseconds on CLOCK_MONOTONIC; 0: none is set.
    package let timerDeadline: UInt64
}

extension ConnectionPointer {
    package var report: ConnectionReport {
        let flags = pointee.flags
        return ConnectionReport(
            hasSession: flags.contains(.session), label: pointee.binding.pointee.label, id: id,
            isPaused: flags.contains(.paused), expectsInput: flags.contains(.inputExpected),
            movesLater: flags.contains(.moves), inputCount: pointee.inputCount, wantedInput: Int(pointee.wantedInput),
            outputCount: pointee.outputBytes,
            timerDeadline: flags.contains(.lingering) ? 0 : pointee.timerDeadline)
    }
}
