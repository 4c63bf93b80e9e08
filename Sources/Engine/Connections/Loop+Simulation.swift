/// What a simulation does with one connection, where the control side of a server deals with all connections of an instance.
extension LoopPointer {
    /// Moves one session to another generation, now or after a later callback.
    package func migrate(_ connection: ConnectionPointer, to new: BindingPointer) -> Move {
        guard isHere(connection), connection.links.pointee.binding != new else { return .stays }
        connection.links.pointee.binding.pointee.successor = new
        if migrate(connection) { return .moved }
        return connection.pointee.state.moves ? .later : .stays
    }

    /// Ends one connection, as a limit of the host does.
    package func end(_ connection: ConnectionPointer, _ reason: CloseReason) {
        guard isHere(connection) else { return }
        let isKind: Set<CloseReason> = [.idleTimeout, .inputLimit, .firstByteTimeout, .requestTimeout, .requestRate]
        endConnection(connection, reason, reset: !isKind.contains(reason))
    }
}

extension ConnectionPointer {
    package var report: ConnectionReport {
        let state = pointee.state
        return ConnectionReport(
            hasSession: state.hasSession, label: links.pointee.binding.pointee.label, id: id,
            isPaused: state.isPaused, expectsInput: state.expectsInput, movesLater: state.moves,
            inputCount: pointee.inputCount, wantedInput: Int(pointee.wantedInput), outputCount: pointee.outputBytes,
            timerDeadline: state.hasSession ? pointee.timerDeadline : 0)
    }
}
