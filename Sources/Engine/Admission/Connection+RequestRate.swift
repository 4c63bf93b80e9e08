/// Holding a peer's address to its request rate. IPv6 peers own a whole /64, which is what counts then.
///
/// A request is known once it is answered, so it is counted then, and what leads the rate waits before the connection is read
/// again. A connection that has nothing under way is looked at before it is read as well: else whoever takes a new connection
/// for each request would never wait.
extension ConnectionPointer {
    private var rated: AddressEntryPointer? { pointee.network ?? pointee.address }

    /// After a request.
    func chargeRequest() {
        guard let entry = rated else { return }
        guard pointee.prepaid == 0 else {
            pointee.prepaid = 0
            return
        }
        let limit = pointee.binding.pointee.rules.requestRate
        let now = pointee.context.pointee.now
        let lead = entry.memory.pointee.requests.charge(limit, at: now)
        if limit.isExceeded(lead: lead) { pointee.binding.pointee.counters.pointee.hits.hit(.requestRate) }
        guard pointee.flags.isDisjoint(with: [.closing, .aborting]) else { return }
        if pointee.binding.pointee.rules.refuses {
            guard limit.isExceeded(lead: lead) else { return }
            pointee.closeReason = .requestRate
            pointee.flags.insert(.closing)
        } else {
            throttle(limit.wait(lead: lead), from: now)
        }
    }

    /// Whether a request that begins now would come too soon.
    var leadsItsRate: Bool {
        guard let entry = rated, pointee.requestStarted == 0, pointee.prepaid == 0 else { return false }
        let limit = pointee.binding.pointee.rules.requestRate
        return entry.memory.pointee.requests.wait(limit, at: pointee.context.pointee.now) > 0
    }

    /// Counts the next request in advance, and lets it wait for its turn.
    func takeTurn() {
        guard let entry = rated else { return }
        let limit = pointee.binding.pointee.rules.requestRate
        let now = pointee.context.pointee.now
        let lead = entry.memory.pointee.requests.charge(limit, at: now)
        // At most a second: rates are whole numbers a second.
        pointee.prepaid = UInt32(clamping: limit.interval)
        // What was charged is its own request: the rate allows it one interval earlier.
        throttle(limit.wait(lead: lead - limit.interval), from: now)
    }

    /// The request that was counted in advance will not come.
    func giveTurnBack() {
        guard pointee.prepaid > 0, let entry = rated else { return }
        entry.memory.pointee.requests.giveBack(UInt64(pointee.prepaid))
        pointee.prepaid = 0
    }

    private func throttle(_ nanoseconds: UInt64, from now: UInt64) {
        guard nanoseconds > 0 else { return }
        // Rounded up: not before its time.
        pointee.throttledUntil = (now + nanoseconds) / 1_000_000 + 1
        // From here on request_wait runs.
        pointee.lastActivity = now / 1_000_000
        pointee.flags.insert([.throttled, .timerChanged])
    }
}

extension LoopPointer {
    /// Whether a connection whose peer is held to a request rate may be read now. If not, it waits, or is at its end.
    func mayAsk(_ connection: ConnectionPointer) -> Bool {
        guard connection.leadsItsRate, case .bytes = connection.transportPeek(pointee.scratch, 1) else { return true }
        connection.pointee.binding.pointee.counters.pointee.hits.hit(.requestRate)
        if connection.pointee.binding.pointee.rules.refuses {
            endConnection(connection, .requestRate, reset: true)
        } else {
            connection.takeTurn()
            rearmTimer(connection)
        }
        return false
    }
}
