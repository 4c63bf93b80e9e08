/// What a simulation does with one connection, where the control side of a server deals with all connections of an instance.
extension LoopPointer {
    /// Moves one session to another generation, now or after a later callback.
    package func migrate(_ connection: ConnectionPointer, to new: BindingPointer) -> Move {
        guard isHere(connection), connection.links.pointee.binding != new else { return .stays }
        connection.links.pointee.binding.own.pointee.successor = new
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
