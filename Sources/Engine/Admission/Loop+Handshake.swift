import Glibc

/// Reads the PROXY header of a connection that a proxy made. It precedes the protocol.
extension LoopPointer {
    /// Peeks at the header and takes it from the socket only when it is complete. So it needs no buffer, and every further byte
    /// causes a new edge.
    func continueHandshake(_ connection: ConnectionPointer) {
        guard connection.pointee.state.isReadable else { return }
        switch connection.transportPeek(pointee.scratch, ProxyHeader.maximumLength) {
        case .bytes(let count):
            switch ProxyHeader(UnsafeRawBufferPointer(start: pointee.scratch, count: count)) {
            case .incomplete:
                // The rest causes a new edge, unless the peer has closed.
                connection.pointee.state.take(.socketEmptied)
                if connection.pointee.state.isHungUp { endConnection(connection, .reset, reset: false) }
            case .invalid: endHandshake(connection, .proxyHeader)
            case .complete(let length, let route):
                guard case .bytes(length) = connection.transportReceive(pointee.scratch, length) else {
                    return endConnection(connection, .reset, reset: true)
                }
                finishHandshake(connection, route)
            }
        case .wantsRead, .wantsWrite: connection.pointee.state.take(.socketEmptied)
        case .endOfInput, .failed: endConnection(connection, .reset, reset: true)
        }
    }

    private func finishHandshake(_ connection: ConnectionPointer, _ route: ProxyHeader.Route?) {
        let rules = connection.links.pointee.binding.pointee.rules
        if let route { (connection.pointee.peer, connection.recovery.pointee.local) = (route.peer, route.local) }
        guard route == nil || rules.allows(connection.pointee.peer) else { return endHandshake(connection, .denied) }
        if let limit = enterAddresses(connection) { return endHandshake(connection, limit) }
        connection.pointee.state.take(.headerRead)
        callOpened(connection)
        if isHere(connection) { readInput(connection) }
    }

    private func endHandshake(_ connection: ConnectionPointer, _ limit: Limit) {
        connection.links.pointee.binding.countRefusal(limit)
        endConnection(connection, .handshake, reset: true)
    }
}
