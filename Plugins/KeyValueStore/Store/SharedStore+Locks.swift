import Synchronization

/// Several keys at once: nobody sees a part of the change.
extension SharedStore {
    /// Calls `body` while all shards are locked.
    package func exclusively<Result>(_ body: (StoreAccess) -> Result) -> Result {
        var held = ShardSet()
        for index in 0..<shardCount { held.insert(index) }
        return locked(held, body)
    }

    /// Calls `body` while these shards are locked. It may use the store only through the access that it gets, and lock no
    /// other shard.
    package func locked<Result>(_ set: ShardSet, _ body: (StoreAccess) -> Result) -> Result {
        var result: Result?
        lock(set.bits) { result = body(StoreAccess(self, held: set.bits)) }
        return result!
    }

    /// In the order of the shards, so that two callers never wait for each other.
    private func lock(_ bits: UInt64, then body: () -> Void) {
        guard bits != 0 else { return body() }
        let shard = shards[bits.trailingZeroBitCount]
        shard.pointee.lock.withLock { _ in lock(bits & (bits - 1), then: body) }
    }

    /// Adds the shard of a key.
    package func add(_ key: UnsafeRawBufferPointer, to set: inout ShardSet) {
        set.insert(shard(of: order.leading(key)))
    }
}

/// A set of shards.
package struct ShardSet: Sendable {
    private(set) var bits: UInt64 = 0

    package init() {}

    mutating func insert(_ shard: Int) { bits |= 1 << UInt64(shard) }
}
