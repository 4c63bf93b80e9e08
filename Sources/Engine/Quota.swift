import Synchronization

/// A limit on what is in use at a time, by all threads together: connections, bytes of buffers, places in a mailbox.
package final class Quota: Sendable {
    private let used = Atomic<Int>(0)
    private let limit: Atomic<Int>

    /// - Parameter limit: 0: no limit.
    package init(limit: Int) { self.limit = Atomic(limit == 0 ? .max : limit) }

    package func setLimit(_ limit: Int) { self.limit.store(limit == 0 ? .max : limit, ordering: .relaxed) }

    package var count: Int { used.load(ordering: .relaxed) }

    var isExhausted: Bool { count >= limit.load(ordering: .relaxed) }

    /// More than half of it is in use.
    var isScarce: Bool { count > limit.load(ordering: .relaxed) / 2 }

    /// False: so many are not left.
    package func take(_ amount: Int = 1) -> Bool {
        let now = used.wrappingAdd(amount, ordering: .relaxed).newValue
        if now <= limit.load(ordering: .relaxed) { return true }
        give(amount)
        return false
    }

    /// Takes one even above the limit.
    func takeAnyway() { used.wrappingAdd(1, ordering: .relaxed) }

    package func give(_ amount: Int = 1) { used.wrappingSubtract(amount, ordering: .relaxed) }
}
