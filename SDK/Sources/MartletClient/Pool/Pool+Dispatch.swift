// Calls that wait go to connections with room; when there is none, another connection is opened.

extension Pool {
    mutating func dispatch(_ now: UInt64) {
        while let id = queue.first {
            guard case .waiting? = calls[id]?.state else {
                queue.removeFirst()
                continue
            }
            guard let connection = leastLoaded() else { return }
            queue.removeFirst()
            start(id, on: connection, now)
        }
    }

    /// The open connection with room that has the fewest requests in flight.
    func leastLoaded() -> SlotID? {
        var best: SlotID?
        var least = Int.max
        connections.visit { id, connection in
            if connection.load < least, connection.hasRoom { (best, least) = (id, connection.load) }
        }
        return best
    }

    private mutating func start(_ id: SlotID, on connection: SlotID, _ now: UInt64) {
        guard let request = calls[id]?.request else { return }
        if case .connect = request {
            guard let server = connections[connection]?.description else { return }
            return finish(id, .success(.server(server)))
        }
        do {
            guard let requestID = try connections[connection]?.send(request, for: .call(id), nowMilliseconds: now)
            else {
                return
            }
            calls[id]?.state = .sent(on: connection, requestID: requestID)
            calls[id]?.attempts += 1
            waitingCount -= 1
        } catch {
            fail(id, .invalidRequest(error))
        }
    }

    // MARK: Connections

    /// Connections that are open, and those that will be.
    private var counts: (open: Int, opening: Int) {
        var (open, opening) = (0, 0)
        connections.visit { _, connection in
            if connection.phase == .open { open += 1 }
            if connection.isOpening { opening += 1 }
        }
        return (open, opening)
    }

    /// There are more connections than the minimum.
    var isSpare: Bool { counts.open > settings.minimumConnections }

    /// How many more connections to open.
    var wantedConnections: Int {
        let (open, opening) = counts
        // The last calls must end, but nothing else is kept.
        let minimum = isClosing ? 0 : settings.minimumConnections
        let room = settings.connection.requestsInFlight
        // A watch needs any connection.
        let waiting = waitingCount - pausingCount + (open == 0 && !isClosing ? watchesToPlace : 0)
        let forCalls = (waiting + room - 1) / room
        var wanted = max(min(forCalls, settings.maximumConnections - open), minimum - open)
        // While servers fail, one connection tries.
        if servers.failures > 0 { wanted = min(wanted, 1) }
        return max(wanted - opening, 0)
    }

    mutating func openConnections(_ now: UInt64) {
        guard now >= servers.nextAttemptMilliseconds else { return }
        for _ in 0..<wantedConnections {
            let connection = Connection(
                to: servers.current, round: servers.failures, settings.connection, nowMilliseconds: now)
            perform(.open(connections.insert(connection), server: servers.current))
        }
    }
}
