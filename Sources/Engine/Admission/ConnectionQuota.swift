import CMartlet
import Synchronization

/// A limit on the connections that are open at a time, across loops.
package final class ConnectionQuota: Sendable {
    private let open = Atomic<Int>(0)
    private let limit: Atomic<Int>

    /// - Parameter limit: 0 means no limit.
    package init(limit: Int) {
        self.limit = Atomic(limit == 0 ? .max : limit)
    }

    package func setLimit(_ limit: Int) {
        self.limit.store(limit == 0 ? .max : limit, ordering: .relaxed)
    }

    package var count: Int { open.load(ordering: .relaxed) }

    /// Takes one place; false when all are taken.
    package func take() -> Bool {
        let now = open.wrappingAdd(1, ordering: .relaxed).newValue
        if now <= limit.load(ordering: .relaxed) { return true }
        open.wrappingSubtract(1, ordering: .relaxed)
        return false
    }

    /// Takes a place even above the limit.
    func takeAnyway() { open.wrappingAdd(1, ordering: .relaxed) }

    package func give() {
        open.wrappingSubtract(1, ordering: .relaxed)
    }
}
