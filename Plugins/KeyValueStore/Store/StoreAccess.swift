import Synchronization

/// The operations on the keys of a store. Each locks the shard of its key, unless the lock is held already: see `locked`.
///
/// Keys and values are passed as pointers, and closures are called while the shard is locked: they must not use the store.
/// `now` and deadlines are milliseconds since 1970; a key whose deadline has come does not exist.
package struct StoreAccess {
    /// No reference count: whoever has the access has the store.
    private let unmanaged: Unmanaged<SharedStore>
    /// A bit for each shard whose lock is held.
    private let held: UInt64

    init(_ store: SharedStore, held: UInt64) {
        unmanaged = .passUnretained(store)
        self.held = held
    }

    @inline(__always)
    func withStore<Result>(_ body: (SharedStore) -> Result) -> Result { unmanaged._withUnsafeGuaranteedRef(body) }

    /// Calls `body` with the contents of a shard while it is locked.
    @inline(__always)
    func withContents(of index: Int, _ body: (inout ShardContents) -> Void) {
        withStore { store in
            let shard = store.shards[index]
            if held & 1 << UInt64(index) != 0 {
                body(&shard.contents.pointee)
            } else {
                shard.pointee.lock.withLock { _ in body(&shard.contents.pointee) }
            }
        }
    }

    /// Calls `body` with the shard of a key while it is locked, then does what is left to do. `body` says what it has taken from
    /// the store's limit.
    @inline(__always)
    func withShard(
        of key: UnsafeRawBufferPointer, _ body: (SearchKey, inout ShardContents, inout Int, inout StoreEffects) -> Void
    ) {
        withStore { store in
            let search = store.order.searchKey(key)
            var effects = StoreEffects()
            var claimed = 0
            withContents(of: store.shard(of: search.leading)) { body(search, &$0, &claimed, &effects) }
            if claimed != effects.change.bytes { store.release(claimed - effects.change.bytes) }
            effects.freeRecords()
            store.report(effects.change)
        }
    }

    // MARK: Reading

    /// Calls `body` with the value of a key. Returns false if there is no such key.
    package func read(_ key: UnsafeRawBufferPointer, now: Int64, _ body: (StoredValue) -> Void) -> Bool {
        var isThere = false
        withShard(of: key) { search, shard, _, effects in
            guard let record = shard.find(search, now, &effects).record else { return }
            isThere = true
            body(StoredValue(record))
        }
        return isThere
    }

    package func exists(_ key: UnsafeRawBufferPointer, now: Int64) -> Bool { read(key, now: now) { _ in } }

    // MARK: Writing

    /// Calls `body` with the value of a key, nil if there is none, and does what it returns, all under one lock.
    @discardableResult
    package func update(
        _ key: UnsafeRawBufferPointer, now: Int64, _ body: (StoredValue?) -> Edit
    ) -> EditOutcome {
        var outcome = EditOutcome.done
        withShard(of: key) { search, shard, claimed, effects in
            let (position, record) = shard.find(search, now, &effects)
            let place = EditPlace(search: search, position: position, record: record)
            let edit = body(record.map { StoredValue($0) })
            withStore { outcome = $0.apply(edit, to: &shard, at: place, &claimed, &effects) }
        }
        return outcome
    }

    /// Returns whether the key existed.
    package func remove(_ key: UnsafeRawBufferPointer, now: Int64) -> Bool {
        var existed = false
        update(key, now: now) { value in
            existed = value != nil
            return .remove
        }
        return existed
    }

    // MARK: Watching

    /// Begins to watch a key, which need not exist. Every `watch` needs an `unwatch` with the version that it returned.
    package func watch(_ key: UnsafeRawBufferPointer, now: Int64) -> UInt64 {
        var version: UInt64 = 0
        withShard(of: key) { search, shard, _, effects in
            _ = shard.find(search, now, &effects)
            version = shard.watchers.watch(key)
        }
        return version
    }

    /// Whether a watched key has changed. Does not end the watching, and does not look at the clock.
    package func hasChanged(_ key: UnsafeRawBufferPointer, since version: UInt64) -> Bool {
        var changed = false
        withStore { store in
            withContents(of: store.shard(of: store.order.leading(key))) {
                changed = $0.watchers.hasChanged(key, since: version)
            }
        }
        return changed
    }

    /// Ends it. Returns whether the key has changed meanwhile, or has expired.
    package func unwatch(_ key: UnsafeRawBufferPointer, since version: UInt64, now: Int64) -> Bool {
        var changed = false
        withShard(of: key) { search, shard, _, effects in
            _ = shard.find(search, now, &effects)
            changed = shard.watchers.unwatch(key, since: version)
        }
        return changed
    }
}

/// A value while its shard is locked.
package struct StoredValue {
    package let bytes: UnsafeRawBufferPointer
    /// Milliseconds since 1970; 0: never.
    package let deadline: Int64

    package init(bytes: UnsafeRawBufferPointer, deadline: Int64) { (self.bytes, self.deadline) = (bytes, deadline) }

    @inline(__always)
    init(_ record: Record) {
        bytes = UnsafeRawBufferPointer(record.value)
        deadline = record.deadline
    }
}
