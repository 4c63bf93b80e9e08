import Synchronization

/// The change by an operation, for the gauges.
struct StoreChange: Equatable, Sendable {
    var keys = 0
    var bytes = 0
}

enum PutOutcome: Equatable, Sendable {
    case created, replaced, full, noMemory
}

/// The store of an instance, which the connections of all event loops share. It has one lock, which is held for a search and
/// at most the copy of a value or of one scan answer. Records are allocated, filled and freed outside of it.
final class SharedStore: Sendable {
    private struct Contents: ~Copyable {
        var records = OrderedRecords()
        var bytes = 0
    }

    private let contents = Mutex(Contents())
    private let maximumBytes: Int
    private let onChange: @Sendable (StoreChange) -> Void

    /// - Parameters:
    ///   - maximumBytes: for keys, values and the overhead of each key (`Record.overheadBytes`).
    ///   - onChange: called for each change, outside of the lock; at the end with the removal of everything that is left.
    init(maximumBytes: Int, onChange: @escaping @Sendable (StoreChange) -> Void) {
        self.maximumBytes = maximumBytes
        self.onChange = onChange
    }

    /// Calls `body` with the value of a key while the store is locked. nil: there is no such key.
    @inline(__always)
    func withValue<Result>(of key: RawSpan, _ body: (RawSpan) -> Result) -> Result? {
        key.withUnsafeBytes { key in
            contents.withLock { contents in
                guard let record = contents.records.find(key).record else { return nil }
                return body(record.value.bytes)
            }
        }
    }

    func put(key: RawSpan, value: RawSpan) -> PutOutcome {
        guard let record = Record(key: key, value: value) else { return .noMemory }
        let (outcome, change, garbage) = contents.withLock { contents in
            let (position, old) = contents.records.find(record.key)
            let bytes = record.storedBytes - (old?.storedBytes ?? 0)
            guard bytes <= maximumBytes - contents.bytes else {
                return (PutOutcome.full, StoreChange(), record as Record?)
            }
            contents.bytes += bytes
            if old != nil {
                let garbage = contents.records.replace(at: position, with: record)
                return (.replaced, StoreChange(bytes: bytes), garbage)
            }
            contents.records.insert(record, at: position)
            return (.created, StoreChange(keys: 1, bytes: bytes), nil)
        }
        garbage?.deallocate()
        if outcome != .full { onChange(change) }
        return outcome
    }

    /// Returns whether the key existed.
    func delete(key: RawSpan) -> Bool {
        let removed = key.withUnsafeBytes { key in
            contents.withLock { contents -> Record? in
                let (position, record) = contents.records.find(key)
                guard let record else { return nil }
                contents.bytes -= record.storedBytes
                return contents.records.remove(at: position)
            }
        }
        guard let removed else { return false }
        let bytes = removed.storedBytes
        removed.deallocate()
        onChange(StoreChange(keys: -1, bytes: -bytes))
        return true
    }

    /// Calls `visit` with the keys that begin with `prefix` and come after `startAfter`, in order, while the store is locked,
    /// until it returns false because it did not take an entry. Returns whether there was such an entry.
    func scan(prefix: RawSpan, startAfter: RawSpan, _ visit: (RawSpan, RawSpan) -> Bool) -> Bool {
        prefix.withUnsafeBytes { prefix in
            startAfter.withUnsafeBytes { startAfter in
                var more = false
                let isBehind = !startAfter.isEmpty && compareKeys(startAfter, prefix) >= 0
                contents.withLock { contents in
                    contents.records.walk(from: isBehind ? startAfter : prefix, behind: isBehind) { record in
                        guard record.key.begins(with: prefix) else { return false }
                        if visit(record.key.bytes, record.value.bytes) { return true }
                        more = true
                        return false
                    }
                }
                return more
            }
        }
    }

    /// The current contents of the store.
    var size: StoreChange { contents.withLock { StoreChange(keys: $0.records.count, bytes: $0.bytes) } }

    deinit {
        let size = size
        onChange(StoreChange(keys: -size.keys, bytes: -size.bytes))
    }
}
