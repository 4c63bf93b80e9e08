import Synchronization

/// How often a cache was asked, and how often it did not know.
package struct CacheCounts: Sendable, Equatable {
    package var hits = 0
    package var misses = 0

    package init(hits: Int = 0, misses: Int = 0) {
        self.hits = hits
        self.misses = misses
    }
}

/// What probes have found, refusals too, so that what is unchanged costs nothing and what is bad is refused at once.
///
/// A failure that may pass is not kept: a time-out, an instance that could not be made, trouble of the probe's own.
final class VerdictCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct State {
        var verdicts: [Key: Result<Value, ProbeFailure>] = [:]
        /// Oldest first.
        var order: [Key] = []
        var counts = CacheCounts()
    }

    private let state = Mutex(State())
    /// The oldest verdict goes when there would be more.
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    var counts: CacheCounts { state.withLock { $0.counts } }

    /// The verdict that is known, else that of the probe.
    func verdict(on key: Key, probe: () throws(ProbeFailure) -> Value) throws(ProbeFailure) -> Value {
        if let known = known(key) { return try known.get() }
        do throws(ProbeFailure) {
            let value = try probe()
            keep(.success(value), for: key)
            return value
        } catch {
            if error.isLasting { keep(.failure(error), for: key) }
            throw error
        }
    }

    private func known(_ key: Key) -> Result<Value, ProbeFailure>? {
        state.withLock { state in
            let known = state.verdicts[key]
            if known == nil { state.counts.misses += 1 } else { state.counts.hits += 1 }
            return known
        }
    }

    private func keep(_ verdict: Result<Value, ProbeFailure>, for key: Key) {
        state.withLock { state in
            if state.verdicts.updateValue(verdict, forKey: key) == nil { state.order.append(key) }
            if state.order.count > limit { state.verdicts[state.order.removeFirst()] = nil }
        }
    }
}
