import CMartlet

/// Connections that one plugin gives to the plugin of another listener: `hand_over`.
///
/// The socket, queued output and unconsumed input stay as they are. The session ends, and the other plugin makes a new one.
extension LoopPointer {
    /// Called at the end of the callback that asked for it.
    func handOverToListener(_ connection: ConnectionPointer) {
        guard let next = connection.takeNextListener() else { return }
        endSession(connection, .handedOver, then: .enter(next))
    }

    /// Brings a connection without a session to a listener, which has already reserved a place for it.
    func enter(_ listener: Admission, _ connection: ConnectionPointer) {
        guard let socket = pointee.sockets.first(where: { $0.pointee.binding.pointee.admission === listener }) else {
            // The listener has stopped meanwhile.
            listener.quota.give()
            return releaseConnection(connection, reset: true)
        }
        guard socket.pointee.binding.own.pointee.stillness == .none else {
            return pointee.postponed.append(.entry(listener, connection, connection.id))
        }
        leave(connection, for: socket.pointee.nextBinding())
        let binding = connection.links.pointee.binding
        if !binding.pointee.rules.allows(connection.pointee.peer) { return refuse(connection, .denied) }
        if let limit = enterAddresses(connection) { return refuse(connection, limit) }
        connection.pointee.origin = UInt8(MARTLET_ORIGIN_HANDED_OVER)
        connection.pointee.closeReason = .plugin
        connection.pointee.timerDeadline = 0
        connection.pointee.wantedInput = 0
        connection.setLowWaterMark(0)
        beginRequest(connection, received: connection.pointee.inputCount)
        if connection.pointee.inputCount > 0 { connection.pointee.state.take(.mustPresent) }
        pointee.isEntering = true
        callOpened(connection)
        pointee.isEntering = false
    }

    private func leave(_ connection: ConnectionPointer, for new: BindingPointer) {
        leaveAddresses(connection)
        connection.pointee.state.take(.entered)
        connection.links.pointee.binding.pointee.admission.quota.give()
        changeBinding(connection, to: new)
    }

    private func refuse(_ connection: ConnectionPointer, _ limit: Limit) {
        connection.links.pointee.binding.countRefusal(limit)
        releaseConnection(connection, reset: true)
    }
}
