import Synchronization

/// A number of events per second, and of events at once: the generic cell rate algorithm (ITU-T I.371, 4.4.3), which is a token
/// bucket in one number. Times are in nanoseconds.
package struct RateLimit: Sendable, Equatable {
    /// The time between two events at the full rate; 0: no limit.
    package let interval: UInt64
    /// How far events may run ahead of the rate.
    let tolerance: UInt64

    package static let none = RateLimit(perSecond: 0, burst: 0)

    /// - Parameter burst: events at once; 0: as many as in one second.
    package init(perSecond rate: Int, burst: Int) {
        guard rate > 0 else {
            interval = 0
            tolerance = 0
            return
        }
        interval = max(1_000_000_000 / UInt64(rate), 1)
        tolerance = interval * UInt64((burst > 0 ? burst : rate) - 1)
    }

    package var isSet: Bool { interval > 0 }

    /// How long to wait before the next event when `lead` ahead of the rate.
    func wait(lead: UInt64) -> UInt64 { lead > tolerance ? lead - tolerance : 0 }

    /// Whether the event that made this lead was one too many.
    func isExceeded(lead: UInt64) -> Bool { lead > tolerance + interval }
}

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
