import Engine

/// Finds callbacks that run too long by looking at the threads at intervals. A callback itself costs only two stores, and does
/// not read the clock. Times are nanoseconds of one clock.
struct CallbackWatch {
    struct Finding: Equatable {
        let observation: RunningCallback.Observation
        /// A lower bound.
        let duration: UInt64
    }

    private struct Sight {
        var observation: RunningCallback.Observation
        var since: UInt64
        var isReported = false
    }

    private var sights: [Int: Sight] = [:]

    /// Other threads have ended.
    mutating func forget(except threads: [Int]) {
        guard sights.count > threads.count else { return }
        let living = Set(threads)
        sights = sights.filter { living.contains($0.key) }
    }

    /// - Parameters:
    ///   - thread: a number that identifies the thread.
    ///   - observation: the callback that the thread runs now; nil when it runs none.
    ///   - limit: the duration after which a callback is a finding; 0 means never.
    /// - Returns: a new finding. A callback that continues is not reported again.
    mutating func look(
        thread: Int, _ observation: RunningCallback.Observation?, at now: UInt64, limit: UInt64
    ) -> Finding? {
        guard let observation else {
            sights[thread] = nil
            return nil
        }
        guard var sight = sights[thread], sight.observation == observation else {
            sights[thread] = Sight(observation: observation, since: now)
            return nil
        }
        guard limit > 0, !sight.isReported, now - sight.since >= limit else { return nil }
        sight.isReported = true
        sights[thread] = sight
        return Finding(observation: observation, duration: now - sight.since)
    }
}

/// Lets each key pass at most once per interval.
struct OncePer<Key: Hashable> {
    let interval: UInt64
    private var last: [Key: UInt64] = [:]

    init(nanoseconds interval: UInt64) { self.interval = interval }

    /// Whether the key may pass now.
    mutating func pass(_ key: Key, at now: UInt64) -> Bool {
        if let time = last[key], now - time < interval { return false }
        last = last.filter { now - $0.value < interval }
        last[key] = now
        return true
    }
}
