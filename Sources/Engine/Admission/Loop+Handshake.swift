import Glibc

/// What comes before the protocol: the PROXY header of a connection that a proxy made, then the handshake of its transport.
extension LoopPointer {
    func continueHandshake(_ connection: ConnectionPointer) {
        if connection.links.pointee.transport == nil { readProxyHeader(connection) } else { shakeHands(connection) }
    }

    // MARK: The transport

    func begin(_ source: any TransportSource, for connection: ConnectionPointer) {
        if let limit = source.begin(connection) { return endHandshake(connection, limit) }
        rearmTimer(connection)
    }

    private func shakeHands(_ connection: ConnectionPointer) {
        guard connection.pointee.state.isReadable, let transport = connection.links.pointee.transport?.pointee else {
            return
        }
        finishHandshake(connection, transport.handshake(connection))
    }

    /// Does what the transport has said.
    func finishHandshake(_ connection: ConnectionPointer, _ step: HandshakeStep) {
        switch step {
        case .wantsRead: connection.pointee.state.take(.socketEmptied)
        case .wantsWrite: connection.pointee.state.take(.readNeedsWrite)
        case .wantsWorker: handOver(connection, .handshake)
        case .failed: endHandshake(connection, .transport, reset: false)
        case .done:
            connection.pointee.state.take(.handshakeEnded)
            callOpened(connection)
            // The transport may have input that caused no edge.
            if isHere(connection) { readInput(connection) }
        }
    }

    // MARK: The PROXY header

    /// Peeks at the header and takes it from the socket only when it is complete. So it needs no buffer, and every further byte
    /// causes a new edge.
    private func readProxyHeader(_ connection: ConnectionPointer) {
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
        if let source = connection.links.pointee.binding.pointee.admission.transport {
            begin(source, for: connection)
            if connection.pointee.state.life == .handshake { shakeHands(connection) }
        } else {
            connection.pointee.state.take(.handshakeEnded)
            callOpened(connection)
            if isHere(connection) { readInput(connection) }
        }
    }

    private func endHandshake(_ connection: ConnectionPointer, _ limit: Limit, reset: Bool = true) {
        connection.links.pointee.binding.countRefusal(limit)
        endConnection(connection, .handshake, reset: reset)
    }
}
