import Synchronization

package enum PutOutcome: Equatable, Sendable {
    case created, replaced, full, noMemory
}

/// A store in the order of its keys: keys have versions, and values are allocated, filled and freed outside of the lock.
///
/// `now` returns milliseconds since 1970. It is called only if there are keys that expire, while the store is locked.
extension SharedStore {
    /// Calls `body` with the value of a key while the store is locked. nil: there is no such key.
    @inline(__always)
    package func withValue<Result>(of key: RawSpan, now: () -> Int64, _ body: (RawSpan) -> Result) -> Result? {
        var result: Result?
        key.withUnsafeBytes { key in
            read(key, now) { result = body(UnsafeRawBufferPointer($0.value).bytes) }
        }
        return result
    }

    /// The same, with the version, and the deadline in milliseconds since 1970; 0: never.
    @inline(__always)
    package func withValue<Result>(
        of key: RawSpan, now: () -> Int64, _ body: (RawSpan, _ version: UInt64, _ deadline: Int64) -> Result
    ) -> Result? {
        var result: Result?
        key.withUnsafeBytes { key in
            read(key, now) { result = body(UnsafeRawBufferPointer($0.value).bytes, $0.version, $0.deadline) }
        }
        return result
    }

    private func read(_ key: UnsafeRawBufferPointer, _ now: () -> Int64, _ body: (Record) -> Void) {
        access.withShard(of: key) { search, shard, _, effects in
            if let record = shard.find(search, shard.time(now), &effects).record { body(record) }
        }
    }

    package func put(key: RawSpan, value: RawSpan, now: () -> Int64) -> PutOutcome {
        let made = key.withUnsafeBytes { key in
            value.withUnsafeBytes { Record(key: key, value: $0, isVersioned: true) }
        }
        guard let record = made else { return .noMemory }
        var outcome = PutOutcome.full
        access.withShard(of: record.key) { search, shard, claimed, effects in
            let (position, old) = shard.find(search, shard.time(now), &effects)
            let growth = record.storedBytes - (old?.storedBytes ?? 0)
            guard claim(growth) else { return effects.free(record) }
            claimed = growth
            if old != nil {
                shard.replace(at: position, with: record, &effects)
                outcome = .replaced
            } else {
                shard.insert(record, search.leading, at: position, &effects)
                outcome = .created
            }
        }
        return outcome
    }

    /// Returns whether the key existed.
    package func delete(key: RawSpan, now: () -> Int64) -> Bool {
        var existed = false
        key.withUnsafeBytes { key in
            access.withShard(of: key) { search, shard, _, effects in
                let (position, record) = shard.find(search, shard.time(now), &effects)
                guard let record else { return }
                existed = true
                shard.remove(record, at: position, as: .deleted, &effects)
            }
        }
        return existed
    }

    /// Calls `visit` with the keys that begin with `prefix` and come after `startAfter`, in order, while the store is locked,
    /// until it returns false because it did not take an entry. Returns whether there was such an entry.
    package func scan(
        prefix: RawSpan, startAfter: RawSpan, now: () -> Int64, _ visit: (RawSpan, RawSpan) -> Bool
    ) -> Bool {
        precondition(order == .bytes, "a scan by prefix of a store that is not in the order of its keys")
        return prefix.withUnsafeBytes { prefix in
            startAfter.withUnsafeBytes { startAfter in
                var more = false
                let isBehind = !startAfter.isEmpty && compareKeys(startAfter, prefix) >= 0
                let start = order.searchKey(isBehind ? startAfter : prefix)
                shards[0].pointee.lock.withLock { _ in
                    let shard = shards[0].contents
                    let now = shard.pointee.time(now)
                    shard.pointee.records.walk(from: start, behind: isBehind) { entry in
                        guard entry.record.key.begins(with: prefix) else { return false }
                        if entry.record.isExpired(now) { return true }
                        if visit(entry.record.key.bytes, UnsafeRawBufferPointer(entry.record.value).bytes) {
                            return true
                        }
                        more = true
                        return false
                    }
                }
                return more
            }
        }
    }
}
