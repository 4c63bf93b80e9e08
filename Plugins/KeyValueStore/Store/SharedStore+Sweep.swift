import Synchronization

/// How far the sweep for expired keys has come.
struct SweepPosition {
    var shard = 0
    var leading: UInt64 = 0
    /// The key itself, if many keys can have the same number.
    var key: [UInt8] = []
}

extension SharedStore {
    /// Removes keys that have expired without anybody asking for them: goes on from where the last call ended, and looks at no
    /// more than `limit` keys. Meant to be called often, from any thread; two calls at the same time share the work.
    ///
    /// - Returns: how many keys it removed. While that is a large part of `limit`, more are waiting.
    package func sweep(atMost limit: Int, now: Int64) -> Int {
        latestTime.store(now, ordering: .relaxed)
        var position = sweep.withLock { $0 }
        var (left, removed) = (limit, 0)
        for _ in 0...shardCount where left > 0 {
            removed += sweepShard(&position, &left, now)
        }
        sweep.withLock { $0 = position }
        return removed
    }

    /// Ends at the end of the shard, or with `left`.
    private func sweepShard(_ position: inout SweepPosition, _ left: inout Int, _ now: Int64) -> Int {
        var removed = 0
        let shard = shards[position.shard]
        while left > 0 {
            var batch = SweepBatch()
            let isAtEnd = shard.pointee.lock.withLock { _ in
                guard shard.contents.pointee.expiring > 0 else { return true }
                return batch.removeExpired(from: &shard.contents.pointee, &position, order, &left, now)
            }
            removed += batch.count
            release(-batch.change.bytes)
            report(batch.change)
            batch.free()
            guard isAtEnd else { continue }
            position = SweepPosition(shard: (position.shard + 1) % shardCount)
            break
        }
        return removed
    }
}

/// Up to 64 expired records of a shard.
private struct SweepBatch {
    private static var capacity: Int { 64 }
    private static var visits: Int { 512 }

    private var records = InlineArray<64, Record?>(repeating: nil)
    private(set) var count = 0
    private(set) var change = StoreChange()

    /// Returns whether it came to the end of the shard.
    mutating func removeExpired(
        from shard: inout ShardContents, _ position: inout SweepPosition, _ order: KeyOrder, _ left: inout Int,
        _ now: Int64
    ) -> Bool {
        var isAtEnd = true
        var visits = min(left, Self.visits)
        let before = visits
        var found = InlineArray<64, LeafEntry?>(repeating: nil)
        var number = 0
        let start = position
        start.key.withUnsafeBytes { key in
            shard.records.walk(from: SearchKey(leading: start.leading, bytes: key)) { entry in
                guard visits > 0, number < Self.capacity else {
                    position.leading = entry.leading
                    if order == .bytes { position.key = Array(entry.record.key) }
                    isAtEnd = false
                    return false
                }
                visits -= 1
                if entry.record.isExpired(now) {
                    found[number] = entry
                    number += 1
                }
                return true
            }
        }
        left -= max(before - visits, 1)
        for index in 0..<number { if let entry = found[index] { remove(entry, from: &shard) } }
        return isAtEnd
    }

    private mutating func remove(_ entry: LeafEntry, from shard: inout ShardContents) {
        let (position, record) = shard.records.find(SearchKey(leading: entry.leading, bytes: entry.record.key))
        guard let record else { return }
        var effects = StoreEffects()
        shard.take(record, at: position, as: .expired, &effects)
        change.keys += effects.change.keys
        change.bytes += effects.change.bytes
        records[count] = record
        count += 1
    }

    func free() { for index in 0..<count { records[index]?.deallocate() } }
}
