import Synchronization

/// The memory for buffered input and output of all loops together, and its limit.
package final class BufferMemory: Sendable {
    private let used = Atomic<Int>(0)
    private let limit: Atomic<Int>

    /// - Parameter limit: bytes; 0: no limit.
    package init(limit: Int) {
        self.limit = Atomic(limit == 0 ? .max : limit)
    }

    package func setLimit(_ limit: Int) {
        self.limit.store(limit == 0 ? .max : limit, ordering: .relaxed)
    }

    /// Bytes that connections use or loops keep for them.
    package var count: Int { used.load(ordering: .relaxed) }

    var isExhausted: Bool { count >= limit.load(ordering: .relaxed) }

    /// More than half of it is in use, so no loop may keep unused buffers.
    var isScarce: Bool { count > limit.load(ordering: .relaxed) / 2 }

    func take(_ count: Int) -> Bool {
        let now = used.wrappingAdd(count, ordering: .relaxed).newValue
        if now <= limit.load(ordering: .relaxed) { return true }
        used.wrappingSubtract(count, ordering: .relaxed)
        return false
    }

    func give(_ count: Int) { used.wrappingSubtract(count, ordering: .relaxed) }
}
