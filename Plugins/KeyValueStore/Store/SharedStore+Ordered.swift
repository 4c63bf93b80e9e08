import Synchronization

package enum PutOutcome: Equatable, Sendable {
    case created, replaced, full, noMemory
}

/// A store in the order of its keys: no deadlines, and values that are allocated, filled and freed outside of the lock.
extension SharedStore {
    /// Calls `body` with the value of a key while the store is locked. nil: there is no such key.
    @inline(__always)
    package func withValue<Result>(of key: RawSpan, _ body: (RawSpan) -> Result) -> Result? {
        var result: Result?
        _ = key.withUnsafeBytes { key in access.read(key, now: 0) { result = body($0.bytes.bytes) } }
        return result
    }

    package func put(key: RawSpan, value: RawSpan) -> PutOutcome {
        let made = key.withUnsafeBytes { key in value.withUnsafeBytes { Record(key: key, value: $0) } }
        guard let record = made else { return .noMemory }
        let search = order.searchKey(record.key)
        let shard = shards[shard(of: search.leading)]
        var effects = StoreEffects()
        let outcome = shard.pointee.lock.withLock { _ in
            let (position, old) = shard.contents.pointee.find(search, 0, &effects)
            guard claim(record.storedBytes - (old?.storedBytes ?? 0)) else {
                effects.free(record)
                return PutOutcome.full
            }
            if old != nil {
                shard.contents.pointee.replace(at: position, with: record, &effects)
                return .replaced
            }
            shard.contents.pointee.insert(record, search.leading, at: position, &effects)
            return .created
        }
        effects.freeRecords()
        report(effects.change)
        return outcome
    }

    /// Returns whether the key existed.
    package func delete(key: RawSpan) -> Bool { key.withUnsafeBytes { access.remove($0, now: 0) } }

    /// Calls `visit` with the keys that begin with `prefix` and come after `startAfter`, in order, while the store is locked,
    /// until it returns false because it did not take an entry. Returns whether there was such an entry.
    package func scan(prefix: RawSpan, startAfter: RawSpan, _ visit: (RawSpan, RawSpan) -> Bool) -> Bool {
        precondition(order == .bytes, "a scan by prefix of a store that is not in the order of its keys")
        return prefix.withUnsafeBytes { prefix in
            startAfter.withUnsafeBytes { startAfter in
                var more = false
                let isBehind = !startAfter.isEmpty && compareKeys(startAfter, prefix) >= 0
                let start = order.searchKey(isBehind ? startAfter : prefix)
                shards[0].pointee.lock.withLock { _ in
                    shards[0].contents.pointee.records.walk(from: start, behind: isBehind) { entry in
                        guard entry.record.key.begins(with: prefix) else { return false }
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
