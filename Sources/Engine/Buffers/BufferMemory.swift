import Synchronization

/// Memory for input and output that wait, of all loops together, and its ceiling.
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

    /// Bytes that connections hold or loops keep for them.
    package var count: Int { used.load(ordering: .relaxed) }

    var isExhausted: Bool { count >= limit.load(ordering: .relaxed) }

    /// More than half of it is taken: nobody is to keep any for later.
    var isScarce: Bool { count > limit.load(ordering: .relaxed) / 2 }

    func take(_ count: Int) -> Bool {
        let now = used.wrappingAdd(count, ordering: .relaxed).newValue
        if now <= limit.load(ordering: .relaxed) { return true }
        used.wrappingSubtract(count, ordering: .relaxed)
        return false
    }

    func give(_ count: Int) { used.wrappingSubtract(count, ordering: .relaxed) }
}
