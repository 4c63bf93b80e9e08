/// Limits the request rate of a peer's address. An IPv6 peer owns a whole /64, so the /64 counts.
///
/// The host learns of a request when it is answered, so it counts it then. A connection that is ahead of the rate waits before it
/// is read again. A connection without a request in progress is also checked before it is read: otherwise a peer that opens a new
/// connection for each request would never wait.
extension ConnectionPointer {
    private var rated: AddressEntryPointer? { links.pointee.network ?? links.pointee.address }
    private var limit: RateLimit { links.pointee.binding.pointee.rules.requestRate }
    private var now: UInt64 { links.pointee.context.pointee.now }

    /// Counts a request that was answered.
    func chargeRequest() {
        guard let entry = rated else { return }
        guard pointee.prepaid == 0 else {
            pointee.prepaid = 0
            return
        }
        let lead = entry.pointee.requests.charge(limit, at: now)
        if limit.isExceeded(lead: lead) { counters.pointee.hits.hit(.requestRate) }
        // In `closed` there is nothing left to hold up.
        guard pointee.state.allows(.mustClose), !pointee.state.isClosing else { return }
        if links.pointee.binding.pointee.rules.refuses {
            guard limit.isExceeded(lead: lead) else { return }
            pointee.closeReason = .requestRate
            pointee.state.take(.mustClose)
        } else {
            throttle(limit.wait(lead: lead))
        }
    }

    /// Whether a request that begins now would come too soon.
    var leadsItsRate: Bool {
        guard let entry = rated, pointee.requestStarted == 0, pointee.prepaid == 0 else { return false }
        return entry.pointee.requests.wait(limit, at: now) > 0
    }

    /// Counts the next request in advance, and makes it wait until the rate allows it.
    func prepayRequest() {
        guard let entry = rated else { return }
        let lead = entry.pointee.requests.charge(limit, at: now)
        // At most a second, because rates are whole numbers per second.
        pointee.prepaid = UInt32(clamping: limit.interval)
        // The lead includes this request itself, which the rate allows one interval earlier.
        throttle(limit.wait(lead: lead - limit.interval))
    }

    /// Takes back the request that was counted in advance: it will not come.
    func refundRequest() {
        guard pointee.prepaid > 0, let entry = rated else { return }
        entry.pointee.requests.giveBack(UInt64(pointee.prepaid))
        pointee.prepaid = 0
    }

    private func throttle(_ nanoseconds: UInt64) {
        guard nanoseconds > 0 else { return }
        // Rounded up, so that the wait does not end early.
        pointee.throttledUntil = (now + nanoseconds) / 1_000_000 + 1
        // request_wait runs from now on.
        pointee.lastActivity = now / 1_000_000
        pointee.state.take(.throttled)
    }
}

extension LoopPointer {
    /// Whether a connection with a limited request rate may be read now. If not, it waits or has ended.
    func mayAsk(_ connection: ConnectionPointer) -> Bool {
        guard connection.leadsItsRate, case .bytes = connection.transportPeek(pointee.scratch, 1) else { return true }
        connection.counters.pointee.hits.hit(.requestRate)
        if connection.links.pointee.binding.pointee.rules.refuses {
            endConnection(connection, .requestRate, reset: true)
        } else {
            connection.prepayRequest()
            rearmTimer(connection)
        }
        return false
    }
}
