import CMartlet

extension SimulatedHost {
    /// A peer connects: `opened`.
    ///
    /// - Parameters:
    ///   - loop: the event loop that takes the connection, from 0.
    ///   - readsAtOnce: false: output waits until the test lets the peer `read`.
    ///   - address: the peer's; nil: 127.0.0.1, port 10,000 and the number of the connection.
    ///   - local: what the peer connects to; nil: 127.0.0.1, port 9,999.
    ///   - endpoint: the name of the listener's endpoint.
    public func connect(
        loop: Int = 0, readsAtOnce: Bool = true, from address: PeerAddress? = nil, to local: PeerAddress? = nil,
        endpoint: String = "127.0.0.1:9999"
    ) -> SimulatedConnection {
        precondition(environments.indices.contains(loop), "loop \(loop) of \(environments.count)")
        connectionCount += 1
        let connection = SimulatedConnection(
            number: connectionCount, loop: loop, host: self, readsAtOnce: readsAtOnce, address: address, local: local,
            endpoint: endpoint)
        connections.append(connection)
        connection.open()
        return connection
    }

    /// Those whose session still exists, in the order of `connect`.
    public var openConnections: [SimulatedConnection] { connections.filter(\.isOpen) }

    /// Moves the clock on. Timers that come due fire in their order, each at its own time.
    public func advance(by duration: Duration) { advance(by: duration, timers: .max) }

    /// - Parameter limit: so many timers fire; then the clock stops.
    package func advance(by duration: Duration, timers limit: Int) {
        let target = nanoseconds &+ UInt64(max(duration.wholeNanoseconds, 0))
        var fired = 0
        while let next = nextTimer, next.deadline <= target {
            guard fired < limit else { return }
            fired += 1
            nanoseconds = max(nanoseconds, next.deadline)
            next.connection.fireTimer()
        }
        nanoseconds = target
    }

    private var nextTimer: (connection: SimulatedConnection, deadline: UInt64)? {
        connections.compactMap { connection in connection.timerDeadline.map { (connection, $0) } }
            .min { $0.1 < $1.1 }
    }

    /// Tells every session to finish: `draining`.
    public func drain() {
        for connection in openConnections { connection.drain() }
    }

    /// Work and deliveries that wait for `runWork`.
    public var waitingWork: Int { work.count }

    /// Runs what the plugin submitted and posted, in order, with what it adds meanwhile, at most `limit` of it. Returns
    /// how many were run.
    @discardableResult
    public func runWork(limit: Int = .max) -> Int {
        var count = 0
        while count < limit, let item = work.next() {
            if let work = item.work {
                begin(.work)
                work(item.context)
            }
            if let delivery = item.delivery { deliver(delivery, item) }
            count += 1
        }
        return count
    }

    private func deliver(_ delivery: martlet_delivery, _ item: WorkQueue.Item) {
        // A connection that is closing is as good as gone. A session that has moved comes back for the call.
        if let connection = connections.first(where: { $0.rawID == item.connection }), connection.isOpen,
            !connection.closing
        {
            connection.deliver(delivery, item.context)
        } else if let connection = movedAway.first(where: { $0.rawID == item.connection }), connection.isOpen,
            !connection.closing, case let there = connection.host, connection.migrate(to: self) == .moved
        {
            connection.deliver(delivery, item.context, thenTo: there)
        } else {
            begin(.delivery)
            delivery(environments[0], item.context, nil, nil)
        }
    }
}
