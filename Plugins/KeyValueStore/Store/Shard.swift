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
    /// Of each record; 0: it has no version.
    let versionBytes: Int
    /// The largest version that a key has or had. Each write takes the next one.
    var lastVersion: UInt64
    var watchers = ShardWatchers()

    init(_ order: KeyOrder) {
        records = OrderedRecords(isEven: order == .hash)
        versionBytes = order.hasVersions ? 8 : 0
        // Larger than in an earlier process, unless that changed more than a million keys a second all the while.
        lastVersion = order.hasVersions ? WallClock.microseconds : 0
    }

    /// The record of a key, unless it has expired: then it is removed.
    @inline(__always)
    mutating func find(
        _ key: SearchKey, _ now: Int64, _ effects: inout StoreEffects
    ) -> (position: OrderedRecords.Position, record: Record?) {
        let found = records.find(key)
        guard expiring > 0, let record = found.record, record.isExpired(now) else { return found }
        expire(record, at: found.position, &effects)
        return records.find(key)
    }

    @inline(never)
    private mutating func expire(
        _ record: Record, at position: OrderedRecords.Position, _ effects: inout StoreEffects
    ) {
        remove(record, at: position, as: .expired, &effects)
    }

    /// The time for `find`, which needs none if nothing expires.
    @inline(__always)
    func time(_ now: () -> Int64) -> Int64 { expiring > 0 ? now() : 0 }

    mutating func insert(
        _ record: Record, _ leading: UInt64, at position: OrderedRecords.Position, _ effects: inout StoreEffects
    ) {
        records.insert(record, leading: leading, at: position)
        count(record, 1, &effects)
        changed(record)
    }

    mutating func replace(
        at position: OrderedRecords.Position, with record: Record, _ effects: inout StoreEffects
    ) {
        effects.free(exchange(at: position, with: record, &effects))
    }

    /// Returns the old record, which the caller frees.
    mutating func exchange(
        at position: OrderedRecords.Position, with record: Record, _ effects: inout StoreEffects
    ) -> Record {
        let old = records.replace(at: position, with: record)
        count(old, -1, &effects)
        count(record, 1, &effects)
        changed(record)
        return old
    }

    /// Frees the record.
    mutating func remove(
        _ record: Record, at position: OrderedRecords.Position, as event: StoreEvent, _ effects: inout StoreEffects
    ) {
        take(record, at: position, as: event, &effects)
        effects.free(record)
    }

    /// Removes a record, which the caller frees.
    mutating func take(
        _ record: Record, at position: OrderedRecords.Position, as event: StoreEvent, _ effects: inout StoreEffects
    ) {
        _ = records.remove(at: position)
        count(record, -1, &effects)
        if watchers.isActive { watchers.tell(record.key, event) }
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
        changed(record)
        return true
    }

    /// Undoes a change that has not been seen by anybody: the key has the old record again. Returns the new one.
    mutating func revert(_ key: SearchKey, to old: Record?, _ effects: inout StoreEffects) -> Record? {
        let (position, new) = records.find(key)
        switch (new, old) {
        case (let new?, let old?):
            _ = records.replace(at: position, with: old)
            count(new, -1, &effects)
            count(old, 1, &effects)
        case (let new?, nil):
            _ = records.remove(at: position)
            count(new, -1, &effects)
        case (nil, let old?):
            records.insert(old, leading: key.leading, at: position)
            count(old, 1, &effects)
        case (nil, nil): break
        }
        return new
    }

    /// Counts a record that comes (1) or goes (-1).
    private mutating func count(_ record: Record, _ sign: Int, _ effects: inout StoreEffects) {
        bytes += sign * record.storedBytes
        effects.change.bytes += sign * record.storedBytes
        effects.change.keys += sign
        if record.deadline != 0 { expiring += sign }
    }

    /// Moves all records to an empty set, and tells no observer. Returns the change.
    mutating func removeAll(movingTo removed: inout OrderedRecords) -> StoreChange {
        let change = StoreChange(keys: -records.count, bytes: -bytes)
        watchers.allChanged()
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

    /// Gives a record that is new or has another value its version, and tells those who watch its key.
    @inline(__always)
    private mutating func changed(_ record: Record) {
        if versionBytes > 0 {
            lastVersion += 1
            record.version = lastVersion
        }
        if watchers.isActive { watchers.tell(record.key, .put(version: lastVersion)) }
    }
}
