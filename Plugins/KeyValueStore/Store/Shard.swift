import Synchronization

/// A part of a store, with its lock.
struct Shard: ~Copyable {
    let lock = Mutex(())
    /// Not in the shard itself: who holds the lock changes this while others try to take the lock.
    let contents: UnsafeMutablePointer<ShardContents>
    /// Keeps the locks of two shards out of one cache line.
    private let padding = InlineArray<8, UInt64>(repeating: 0)

    init(_ order: KeyOrder) {
        contents = .allocate(capacity: 1)
        contents.initialize(to: ShardContents(order))
    }

    deinit {
        contents.deinitialize(count: 1)
        contents.deallocate()
    }
}

extension UnsafeMutablePointer<Shard> {
    /// Only reads the shard, also when what is in it changes.
    @inline(__always)
    var contents: UnsafeMutablePointer<ShardContents> { pointee.contents }
}

/// What a shard keeps. Its lock is held while this is used.
struct ShardContents: ~Copyable {
    var records: OrderedRecords
    var bytes = 0
    /// The number of records with a deadline.
    var expiring = 0
    /// nil while no key of the shard is watched.
    private var watched: WatchedKeys?

    init(_ order: KeyOrder) { records = OrderedRecords(isEven: order == .hash) }

    /// The record of a key, unless it has expired: then it is removed.
    mutating func find(
        _ key: SearchKey, _ now: Int64, _ effects: inout StoreEffects
    ) -> (position: OrderedRecords.Position, record: Record?) {
        let found = records.find(key)
        guard expiring > 0, let record = found.record, record.isExpired(now) else { return found }
        remove(record, at: found.position, &effects)
        return records.find(key)
    }

    mutating func insert(
        _ record: Record, _ leading: UInt64, at position: OrderedRecords.Position, _ effects: inout StoreEffects
    ) {
        records.insert(record, leading: leading, at: position)
        count(record, 1, &effects)
        touch(record.key)
    }

    mutating func replace(
        at position: OrderedRecords.Position, with record: Record, _ effects: inout StoreEffects
    ) {
        let old = records.replace(at: position, with: record)
        count(old, -1, &effects)
        count(record, 1, &effects)
        touch(record.key)
        effects.free(old)
    }

    mutating func remove(
        _ record: Record, at position: OrderedRecords.Position, _ effects: inout StoreEffects
    ) {
        _ = records.remove(at: position)
        count(record, -1, &effects)
        touch(record.key)
        effects.free(record)
    }

    /// Changes the size of a value or a deadline. Returns false if the record needs another block.
    mutating func resize(
        _ record: Record, valueBytes: Int, deadline: Int64, _ effects: inout StoreEffects
    ) -> Bool {
        let (bytes, expires) = (record.storedBytes, record.deadline != 0)
        guard record.resize(valueBytes: valueBytes, deadline: deadline) else { return false }
        self.bytes += record.storedBytes - bytes
        effects.change.bytes += record.storedBytes - bytes
        expiring += (deadline != 0 ? 1 : 0) - (expires ? 1 : 0)
        touch(record.key)
        return true
    }

    /// Counts a record that comes (1) or goes (-1).
    private mutating func count(_ record: Record, _ sign: Int, _ effects: inout StoreEffects) {
        bytes += sign * record.storedBytes
        effects.change.bytes += sign * record.storedBytes
        effects.change.keys += sign
        if record.deadline != 0 { expiring += sign }
    }

    /// Moves all records to an empty set. Returns the change.
    mutating func removeAll(movingTo removed: inout OrderedRecords) -> StoreChange {
        let change = StoreChange(keys: -records.count, bytes: -bytes)
        watched?.allChanged()
        swap(&records, &removed)
        bytes = 0
        expiring = 0
        return change
    }

    /// Adds a record behind all others of the shard, while a store is restored.
    mutating func append(_ record: Record, leading: UInt64) -> Bool {
        guard records.append(record, leading: leading) else { return false }
        bytes += record.storedBytes
        if record.deadline != 0 { expiring += 1 }
        return true
    }

    // MARK: Watched keys

    /// Tells those who watch a key that it has changed.
    @inline(__always)
    private mutating func touch(_ key: UnsafeRawBufferPointer) {
        if watched != nil { watched?.changed(key) }
    }

    mutating func watch(_ key: UnsafeRawBufferPointer) -> UInt64 {
        if watched == nil { watched = WatchedKeys() }
        return watched!.watch(key)
    }

    func hasChanged(_ key: UnsafeRawBufferPointer, since version: UInt64) -> Bool {
        watched?.hasChanged(key, since: version) ?? false
    }

    /// Returns whether the key has changed since `watch` returned this version.
    mutating func unwatch(_ key: UnsafeRawBufferPointer, since version: UInt64) -> Bool {
        guard let changed = watched?.unwatch(key, since: version) else { return false }
        if watched?.isEmpty ?? true { watched = nil }
        return changed
    }
}
