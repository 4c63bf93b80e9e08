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

/// The state of a connection, as tests look at it between two turns.
extension ConnectionPointer {
    /// `opened` succeeded and `closed` has not been called.
    package var hasSession: Bool { pointee.state.hasSession }
    /// Names the instance, as in its binding.
    package var label: UInt32 { links.pointee.binding.pointee.label }
    package var isPaused: Bool { pointee.state.isPaused }
    package var expectsInput: Bool { pointee.state.expectsInput }
    /// The session moves to the next generation after a later callback.
    package var movesLater: Bool { pointee.state.moves }
    /// Input that the plugin has not consumed.
    package var inputCount: Int { pointee.inputCount }
    package var wantedInput: Int { Int(pointee.wantedInput) }
    /// Output that waits for the peer.
    package var outputCount: Int { pointee.outputBytes }
    /// Milliseconds on CLOCK_MONOTONIC; 0: none is set.
    package var timerDeadline: UInt64 { hasSession ? pointee.timerDeadline : 0 }
}
