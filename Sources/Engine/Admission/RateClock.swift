import Synchronization

/// The state of one rate limit: when the next event would come at the full rate. May be used from any thread.
package struct RateClock: ~Copyable, Sendable {
    private let next = Atomic<UInt64>(0)

    package init() {}

    /// Counts an event if the limit allows it now. Several generations of a listener, each with its own limit, may share a clock,
    /// so the limit is an argument. `giveBack` must get the interval of the limit that was charged.
    package func take(_ limit: RateLimit, at now: UInt64) -> Bool {
        var seen = next.load(ordering: .relaxed)
        while true {
            let due = max(seen, now)
            guard due - now <= limit.tolerance else { return false }
            let (exchanged, original) = next.weakCompareExchange(
                expected: seen, desired: due + limit.interval, ordering: .relaxed)
            if exchanged { return true }
            seen = original
        }
    }

    /// Takes back an event that did not happen, and for which this many nanoseconds were charged.
    package func giveBack(_ charged: UInt64) {
        var seen = next.load(ordering: .relaxed)
        while true {
            // Never below zero, which would wrap around to a time far in the future.
            let earlier = seen > charged ? seen - charged : 0
            let (exchanged, original) = next.weakCompareExchange(expected: seen, desired: earlier, ordering: .relaxed)
            if exchanged { return }
            seen = original
        }
    }

    /// How long until `take` allows the next event.
    package func wait(_ limit: RateLimit, at now: UInt64) -> UInt64 {
        limit.wait(lead: max(next.load(ordering: .relaxed), now) - now)
    }

    /// Counts an event that has happened. Returns how far the events are ahead of the rate now.
    package func charge(_ limit: RateLimit, at now: UInt64) -> UInt64 {
        var seen = next.load(ordering: .relaxed)
        while true {
            let due = max(seen, now) + limit.interval
            let (exchanged, original) = next.weakCompareExchange(expected: seen, desired: due, ordering: .relaxed)
            if exchanged { return due - now }
            seen = original
        }
    }

    /// No earlier event counts against the limit any more.
    package func isRested(at now: UInt64) -> Bool { next.load(ordering: .relaxed) <= now }
}
