import Synchronization

/// The state of one rate limit: when the next event would come at the full rate. May be used from any thread.
package struct RateClock: ~Copyable, Sendable {
    private let next = Atomic<UInt64>(0)

    package init() {}

    /// Counts an event if the limit allows it now. Several generations of a listener, each with its own limit, may share a clock,
    /// so the limit is an argument. `giveBack` must get the interval of the limit that was charged.
    package func take(_ limit: RateLimit, at now: UInt64) -> Bool {
        change { seen in
            let due = max(seen, now)
            return due - now <= limit.tolerance ? due + limit.interval : nil
        } != nil
    }

    /// Takes back an event that did not happen, and for which this many nanoseconds were charged.
    package func giveBack(_ charged: UInt64) {
        // Never below zero, which would wrap around to a time far in the future.
        change { $0 > charged ? $0 - charged : 0 }
    }

    /// How long until `take` allows the next event.
    package func wait(_ limit: RateLimit, at now: UInt64) -> UInt64 {
        limit.wait(lead: max(next.load(ordering: .relaxed), now) - now)
    }

    /// Counts an event that has happened. Returns how far the events are ahead of the rate now.
    package func charge(_ limit: RateLimit, at now: UInt64) -> UInt64 {
        change { max($0, now) + limit.interval }! - now
    }

    /// No earlier event counts against the limit any more.
    package func isRested(at now: UInt64) -> Bool { next.load(ordering: .relaxed) <= now }

    /// Returns the new time; nil: `body` left it as it was.
    @discardableResult
    private func change(_ body: (UInt64) -> UInt64?) -> UInt64? {
        var seen = next.load(ordering: .relaxed)
        while let wanted = body(seen) {
            let (exchanged, original) = next.weakCompareExchange(expected: seen, desired: wanted, ordering: .relaxed)
            if exchanged { return wanted }
            seen = original
        }
        return nil
    }
}
