import BinaryWire

// What happens to connections, reported by the reactor.

extension Pool {
    /// The socket is connected, and TLS is there if it is wanted.
    mutating func connected(_ id: SlotID, nowMilliseconds now: UInt64) {
        do {
            try connections[id]?.greet(nowMilliseconds: now)
        } catch {
            // The configuration was checked, so this cannot happen; and if it does, nobody must wait for it.
            failed(
                id, .violation(error == .outOfLimits ? .malformedPayload(.hello) : .unexpected(.hello)),
                nowMilliseconds: now)
        }
    }

    /// Reads the frames in the bytes. Returns how many bytes are not needed any more.
    mutating func received(_ id: SlotID, _ bytes: RawSpan, nowMilliseconds now: UInt64) -> Int {
        var position = 0
        while let event = connections[id]?.next(in: bytes, from: &position, nowMilliseconds: now) {
            switch event {
            case .needMore: return position
            case .opened, .handled: break
            case .answered(let call, let reply):
                served(id)
                finish(call, .success(reply))
            case .refused(.call(let call), let code, let text): refused(call, code, text, on: id, now)
            case .refused(.watch(let watch), let code, let text): watchRefused(watch, code, text, now)
            case .refused: break
            case .watching(let purpose, let number):
                served(id)
                watching(purpose, number, on: id)
            case .changed(let watch, let change): perform(.notify(watch, change))
            case .goodbye(let unsent): takeBack(unsent)
            case .failed(let failure): failed(id, failure, nowMilliseconds: now)
            }
        }
        return bytes.byteCount
    }

    /// The first answer on a connection shows that its server is well. Later ones do not: they must not end the back-off of a server that
    /// accepts no other connection.
    private mutating func served(_ id: SlotID) {
        guard connections[id]?.hasServed == false, let server = connections[id]?.server else { return }
        connections[id]?.hasServed = true
        servers.succeeded(at: server)
    }

    private mutating func refused(
        _ call: SlotID, _ code: ErrorCode, _ text: String, on connection: SlotID, _ now: UInt64
    ) {
        let reason = MartletClientError.Reason.refused(code, text: text)
        switch code {
        case .draining:
            // The goodbye is on its way.
            takeBack(connections[connection]?.leave() ?? [])
            turnedAway(call, reason, elsewhere: true, now)
        case .busy: turnedAway(call, reason, elsewhere: false, now)
        case .outcomeUnknown: storeLost(call, text, server: serverName(of: connection), now)
        default: fail(call, reason, server: serverName(of: connection))
        }
    }

    /// These requests were not sent.
    private mutating func takeBack(_ unsent: [RequestsInFlight.Purpose]) {
        for purpose in unsent.reversed() {
            switch purpose {
            case .call(let call):
                calls[call]?.attempts -= 1
                wait(call, at: .front)
            case .watch(let watch): displace(watch)
            case .abandoned, .own, .login: break
            }
        }
    }

    /// The server sends no more.
    ///
    /// - Parameter unconsumed: bytes that were received and are not a whole frame.
    mutating func ended(_ id: SlotID, unconsumedBytes: Int, nowMilliseconds now: UInt64) {
        let violation = connections[id]?.session.ended(unconsumedBytes: unconsumedBytes)
        if case .truncatedFrame? = violation {
            failed(id, .violation(.truncatedFrame), nowMilliseconds: now)
        } else {
            failed(id, .closedByServer, nowMilliseconds: now)
        }
    }

    /// The connection could not be opened, or is lost.
    mutating func failed(_ id: SlotID, _ failure: ConnectionFailure, nowMilliseconds now: UInt64) {
        guard let connection = connections[id] else { return }
        let server = serverName(of: id)
        closeConnection(id)
        lastFailure = failure
        if !connection.hasServed, connection.phase != .leaving {
            servers.failed(round: connection.round, nowMilliseconds: now, backOff: &backOff)
            if connection.isOpening { countConnectFailure(failure, server) }
        }
        // The oldest is asked again first.
        for entry in connection.requests.sorted().reversed() {
            switch entry.purpose {
            case .call(let call):
                connectionLost(
                    call, failure, mayHaveArrived: connection.mayHaveArrived(entry), server: server, now)
            case .watch(let watch): displace(watch)
            case .abandoned, .own, .login: break
            }
        }
    }

    private mutating func countConnectFailure(_ failure: ConnectionFailure, _ server: String) {
        guard let limit = failure.isFinal ? 1 : settings.retry.connectAttempts else { return }
        for id in calls.ids(where: { if case .sent = $0.state { false } else { true } }) {
            calls[id]?.connectFailures += 1
            if let count = calls[id]?.connectFailures, count >= limit {
                fail(id, .unreachable(failure), server: server)
            }
        }
    }

    mutating func closeConnection(_ id: SlotID) {
        guard let connection = connections.remove(id) else { return }
        perform(.close(id))
        for watch in connection.watches.values { displace(watch) }
    }

    mutating func tickConnections(_ now: UInt64) {
        for id in connections.ids {
            let spare = isSpare || isClosing
            switch connections[id]?.tick(nowMilliseconds: now, isSpare: spare) {
            case .nothing?, nil: break
            case .finished?: closeConnection(id)
            case .failed(let failure)?: failed(id, failure, nowMilliseconds: now)
            }
        }
    }

    private func serverName(of id: SlotID) -> String {
        guard let server = connections[id]?.server else { return serverName }
        return settings.servers[server].description
    }

    // MARK: Output

    /// Whether a connection has bytes to send.
    func hasOutput(_ id: SlotID) -> Bool { connections[id]?.output.isEmpty == false }

    /// - Parameter body: gets the bytes to send. Returns how many were sent, and how many of the next must be offered again unchanged.
    mutating func send(_ id: SlotID, _ body: (UnsafeRawBufferPointer) -> (sent: Int, committed: Int)) {
        guard let (sent, committed) = connections[id]?.output.withUnsent(body) else { return }
        connections[id]?.output.markSent(sent)
        connections[id]?.output.commit(committed)
    }
}
