import Engine

/// Finds callbacks that run too long by looking at the threads now and then, so that a callback itself pays two stores and no
/// clock. Times are nanoseconds on one clock.
struct CallbackWatch {
    struct Finding: Equatable {
        let observation: RunningCallback.Observation
        /// At least.
        let duration: UInt64
    }

    private struct Sight {
        var observation: RunningCallback.Observation
        var since: UInt64
        var isReported = false
    }

    private var sights: [Int: Sight] = [:]

    /// - Parameters:
    ///   - thread: any number that names it.
    ///   - observation: what it does now; nil: no callback.
    ///   - limit: after which it is a finding; 0: never.
    /// - Returns: what has just become a finding. One that goes on is no new one.
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

/// Lets something through once in a while.
struct OncePer<Key: Hashable> {
    let interval: UInt64
    private var last: [Key: UInt64] = [:]

    init(nanoseconds interval: UInt64) { self.interval = interval }

    /// Whether it is time again.
    mutating func pass(_ key: Key, at now: UInt64) -> Bool {
        if let time = last[key], now - time < interval { return false }
        last = last.filter { now - $0.value < interval }
        last[key] = now
        return true
    }
}
