import Synchronization

/// A count that one thread writes and any thread may read.
///
/// A single writer needs no locked instruction: on x86-64 `add` is a plain load, add and store.
package struct Counter: ~Copyable {
    @usableFromInline let storage = Atomic<UInt64>(0)

    package init() {}

    /// Adds to the count. Only the owning thread may call this.
    @inlinable
    @inline(__always)
    package func add(_ amount: UInt64) {
        storage.store(storage.load(ordering: .relaxed) &+ amount, ordering: .relaxed)
    }

    /// Adds to a count that several threads write. Use either this or `add` for a count, not both at the same time.
    package func addShared(_ amount: UInt64) { storage.wrappingAdd(amount, ordering: .relaxed) }

    /// For a value that is no count.
    package func set(_ value: UInt64) { storage.store(value, ordering: .relaxed) }

    /// The count as of some recent moment, from any thread.
    package var value: UInt64 { storage.load(ordering: .relaxed) }
}
