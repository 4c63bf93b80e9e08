import Synchronization

/// How often a cache had the answer, and how often it had not.
package struct CacheCounts: Sendable, Equatable {
    package var hits = 0
    package var misses = 0

    package init(hits: Int = 0, misses: Int = 0) {
        self.hits = hits
        self.misses = misses
    }
}

/// Caches the verdicts of probes, including refusals, so that unchanged content costs nothing and bad content is refused at once.
///
/// Failures that may differ next time are not cached: a time-out, an instance that could not be made, a failure of the probe itself.
final class VerdictCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct State {
        var verdicts: [Key: Result<Value, ProbeFailure>] = [:]
        /// Oldest first.
        var order: [Key] = []
        var counts = CacheCounts()
    }

    private let state = Mutex(State())
    /// The oldest verdict is dropped when there would be more.
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    var counts: CacheCounts { state.withLock { $0.counts } }

    /// The cached verdict, else the probe's.
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
