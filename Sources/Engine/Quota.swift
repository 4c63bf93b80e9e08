import Synchronization

/// A limit on what is in use at a time, by all threads together: connections, bytes of buffers, places in a mailbox. Several processes
/// can use one limit together: `SharedQuotas`.
package final class Quota: @unchecked Sendable {
    /// What this process uses.
    private let used: UnsafeMutablePointer<Atomic<Int>>
    /// What each process uses, and how many there are.
    private let column: SharedQuotas.Column
    private let limit: Atomic<Int>
    /// Keeps the memory of the column; nil: it is the quota's own.
    private let page: SharedQuotas?

    /// - Parameters:
    ///   - limit: 0: no limit.
    ///   - shared: the page and the column where this process counts beside others, and its place there; nil: it is alone.
    package init(limit: Int, shared: (page: SharedQuotas, column: SharedQuotas.Column, place: Int)? = nil) {
        self.limit = Atomic(limit == 0 ? .max : limit)
        page = shared?.page
        column = shared?.column ?? .alone()
        used = column[shared?.place ?? 0]
    }

    deinit { if page == nil { column.deallocate() } }

    package func setLimit(_ limit: Int) { self.limit.store(limit == 0 ? .max : limit, ordering: .relaxed) }

    /// In use by this process.
    package var count: Int { used.pointee.load(ordering: .relaxed) }

    private var total: Int { column.sum(own: count) }

    var isExhausted: Bool { total >= limit.load(ordering: .relaxed) }

    /// More than half of it is in use.
    var isScarce: Bool { total > limit.load(ordering: .relaxed) / 2 }

    /// False: so many are not left.
    package func take(_ amount: Int = 1) -> Bool {
        // Added before the others are read: two processes may both find too much, but never too little.
        let own = used.pointee.wrappingAdd(amount, ordering: .relaxed).newValue
        if column.sum(own: own) <= limit.load(ordering: .relaxed) { return true }
        give(amount)
        return false
    }

    /// Takes one even above the limit.
    func takeAnyway() { used.pointee.wrappingAdd(1, ordering: .relaxed) }

    package func give(_ amount: Int = 1) { used.pointee.wrappingSubtract(amount, ordering: .relaxed) }
}
