/// Connections that something other than their own callback writes to. What they get is sent when the loop comes to them on the ready
/// list: in this turn, or in the next.
extension LoopPointer {
    /// `martlet_loops.connection`: lets the running callback write to another connection of its instance.
    package func reach(_ id: ConnectionID, from binding: BindingPointer) -> ConnectionPointer? {
        guard let connection = pointee.connections.find(id), isHere(connection),
            connection.links.pointee.binding == binding, !binding.pointee.usesWorkers,
            !connection.pointee.state.isClosing, connection.pointee.state.ending != .handsOver
        else { return nil }
        if !connection.pointee.state.isInCallback { reach(connection) }
        return connection
    }

    func reach(_ connection: ConnectionPointer) {
        connection.pointee.state.take(.reached)
        enqueue(connection)
    }
}
