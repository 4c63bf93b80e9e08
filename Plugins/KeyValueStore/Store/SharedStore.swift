import Synchronization

/// Keys and values that the connections of all event loops share.
///
/// A store in the order of the keys has one lock; one in the order of hashes has a lock for each of 32 ranges of hashes. A lock
/// is held for a search and at most the copy of a value, or of one answer of a scan. `StoreAccess` has the operations on keys.
package final class SharedStore: Sendable {
    let order: KeyOrder
    let shardCount: Int
    let maximumBytes: Int
    let shards: Shards
    private let onChange: (@Sendable (StoreChange) -> Void)?
    private let bytes = Atomic(0)
    let sweep = Mutex(SweepPosition())
    /// The time of the last sweep, for threads that do not have the clock of a loop.
    let latestTime = Atomic<Int64>(0)
    let restoring = Mutex(RestoreState())

    struct Shards: @unchecked Sendable {
        let memory: UnsafeMutablePointer<Shard>

        @inline(__always)
        subscript(index: Int) -> UnsafeMutablePointer<Shard> { memory + index }
    }

    /// - Parameters:
    ///   - order: of the keys.
    ///   - maximumBytes: for keys, values and the overhead of each key (`Record.overheadBytes`).
    ///   - onChange: called for each change, outside of the locks; at the end with the removal of everything that is left.
    package init(
        order: KeyOrder = .bytes, maximumBytes: Int, onChange: (@Sendable (StoreChange) -> Void)? = nil
    ) {
        self.order = order
        self.maximumBytes = maximumBytes
        self.onChange = onChange
        shardCount = if case .bytes = order { 1 } else { Self.hashShards }
        shards = Shards(memory: .allocate(capacity: shardCount))
        for index in 0..<shardCount { (shards.memory + index).initialize(to: Shard(order)) }
    }

    private static let hashShards = 32

    /// The shard of a key: hashes have 63 bits, of which the first five choose it.
    @inline(__always)
    func shard(of leading: UInt64) -> Int { shardCount == 1 ? 0 : Int(leading >> 58) }

    /// The operations on keys, each under the lock of its shard.
    package var access: StoreAccess { StoreAccess(self, held: 0) }

    /// Takes the bytes that a shard is about to need. Returns false if they are more than the store may have.
    func claim(_ count: Int) -> Bool {
        if bytes.wrappingAdd(count, ordering: .relaxed).newValue <= maximumBytes || count <= 0 { return true }
        bytes.wrappingSubtract(count, ordering: .relaxed)
        return false
    }

    /// Gives back what was not needed, or has been removed.
    func release(_ count: Int) { bytes.wrappingSubtract(count, ordering: .relaxed) }

    func report(_ change: StoreChange) {
        if change != StoreChange() { onChange?(change) }
    }

    /// The current contents of the store.
    package var size: StoreChange { access.size }

    deinit {
        let size = size
        restoring.withLock { $0.record?.deallocate() }
        shards.memory.deinitialize(count: shardCount)
        shards.memory.deallocate()
        StoreHeap.trim()
        report(StoreChange(keys: -size.keys, bytes: -size.bytes))
    }
}
