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
        var hasNews = false
    }

    private let state = Mutex(State())
    /// A verdict beyond this many replaces the oldest.
    private let limit: Int

    /// - Parameter known: verdicts of an earlier server, oldest first.
    init(limit: Int, known: [(key: Key, value: Value)] = []) {
        self.limit = limit
        for entry in known.suffix(limit) { keep(.success(entry.value), for: entry.key) }
        state.withLock { $0.hasNews = false }
    }

    /// Verdicts that a later server may rely on, oldest first. Refusals are left out: what made the probe fail may be mended on this
    /// machine without a change of the plugin.
    var accepted: [(key: Key, value: Value)] {
        state.withLock { state in
            state.order.compactMap { key in
                guard case .success(let value) = state.verdicts[key] else { return nil }
                return (key, value)
            }
        }
    }

    /// Whether `accepted` has grown since the last call.
    func takeNews() -> Bool {
        state.withLock { state in
            defer { state.hasNews = false }
            return state.hasNews
        }
    }

    var counts: CacheCounts { state.withLock { $0.counts } }

    /// The known verdict, or else the probe's.
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
            if case .success = verdict { state.hasNews = true }
            if state.order.count > limit { state.verdicts[state.order.removeFirst()] = nil }
        }
    }
}
