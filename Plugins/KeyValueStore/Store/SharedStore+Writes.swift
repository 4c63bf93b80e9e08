/// Conditional writes to a store in the order of its keys. `now` is as in SharedStore+Ordered.swift.
extension SharedStore {
    package func write(_ write: StoreWrite, now: () -> Int64) -> WriteOutcome {
        var write = PreparedWrite(write, order)
        guard write.allocate() else { return .noMemory }
        var outcome = WriteOutcome.full
        access.withShard(of: write.search.bytes) { search, shard, claimed, effects in
            let (position, old) = shard.find(search, shard.time(now), &effects)
            guard write.condition.isMet(by: old) else {
                outcome = .notMet(version: old?.version ?? 0)
                return
            }
            let growth = write.growth(from: old)
            guard claim(growth) else { return }
            claimed = growth
            let version = shard.apply(write, at: position, old, &effects)
            if let old { effects.free(old) }
            write.isTaken = true
            outcome = .done(existed: old != nil, version: version)
        }
        write.freeUnlessTaken()
        return outcome
    }

    /// Applies all writes in their order, or none, under one lock. A key may occur several times.
    package func batch(_ writes: [StoreWrite], now: () -> Int64) -> BatchOutcome {
        precondition(shardCount == 1, "a batch for a store that is not in the order of its keys")
        var batch = Batch(capacity: writes.count)
        defer { batch.free() }
        for write in writes where !batch.prepare(write, order) { return .noMemory }
        let outcome = shards[0].pointee.lock.withLock { _ in
            batch.run(in: &shards[0].contents.pointee, now) { claim($0) }
        }
        report(batch.effects.change)
        return outcome
    }
}

/// A write whose record is made before the lock is taken.
private struct PreparedWrite {
    let write: StoreWrite
    let search: SearchKey
    /// nil: a delete.
    private(set) var record: Record?
    /// The record belongs to the store.
    var isTaken = false

    init(_ write: StoreWrite, _ order: KeyOrder) {
        self.write = write
        search = order.searchKey(write.key)
    }

    var condition: StoreCondition { write.condition }

    /// Returns false without memory.
    mutating func allocate() -> Bool {
        guard let value = write.value else { return true }
        record = Record(key: write.key, value: value, deadline: write.deadline, isVersioned: true)
        return record != nil
    }

    func growth(from old: Record?) -> Int { (record?.storedBytes ?? 0) - (old?.storedBytes ?? 0) }

    func freeUnlessTaken() { if !isTaken { record?.deallocate() } }
}

extension ShardContents {
    /// Returns the new version; 0: there is no such key now. The caller frees the old record.
    fileprivate mutating func apply(
        _ write: PreparedWrite, at position: OrderedRecords.Position, _ old: Record?, _ effects: inout StoreEffects
    ) -> UInt64 {
        guard let record = write.record else {
            if let old { take(old, at: position, as: .deleted, &effects) }
            return 0
        }
        if old != nil {
            _ = exchange(at: position, with: record, &effects)
        } else {
            insert(record, write.search.leading, at: position, &effects)
        }
        return record.version
    }
}

/// The writes of a batch, and what is needed to undo them.
private struct Batch {
    private var writes: [PreparedWrite] = []
    /// What each write that is applied has replaced or removed.
    private var olds: [Record?] = []
    private var versions: [UInt64] = []
    /// Freed after the lock.
    private var removed: [Record] = []
    private(set) var effects = StoreEffects()

    init(capacity: Int) {
        writes.reserveCapacity(capacity)
        olds.reserveCapacity(capacity)
        versions.reserveCapacity(capacity)
    }

    mutating func prepare(_ write: StoreWrite, _ order: KeyOrder) -> Bool {
        var prepared = PreparedWrite(write, order)
        guard prepared.allocate() else { return false }
        writes.append(prepared)
        return true
    }

    /// - Parameter claim: takes bytes from the store's limit. What the writes need together counts, not one after the other.
    mutating func run(
        in shard: inout ShardContents, _ now: () -> Int64, _ claim: (Int) -> Bool
    ) -> BatchOutcome {
        let now = shard.time(now)
        shard.watchers.beginBatch()
        var outcome: BatchOutcome?
        for index in writes.indices {
            let (position, old) = shard.find(writes[index].search, now, &effects)
            effects.moveRecords(to: &removed)
            guard writes[index].condition.isMet(by: old) else {
                outcome = .notMet(index: index, version: old?.version ?? 0)
                break
            }
            versions.append(shard.apply(writes[index], at: position, old, &effects))
            olds.append(old)
        }
        if outcome == nil, !claim(effects.change.bytes) { outcome = .full }
        guard let outcome else {
            for index in writes.indices { writes[index].isTaken = true }
            removed += olds.compactMap { $0 }
            shard.watchers.endBatch(isDone: true)
            return .done(versions: versions)
        }
        undo(in: &shard)
        // Keys that had expired are gone in any case.
        _ = claim(effects.change.bytes)
        shard.watchers.endBatch(isDone: false)
        return outcome
    }

    private mutating func undo(in shard: inout ShardContents) {
        for index in olds.indices.reversed() {
            _ = shard.revert(writes[index].search, to: olds[index], &effects)
        }
    }

    func free() {
        for write in writes { write.freeUnlessTaken() }
        for record in removed { record.deallocate() }
    }
}
