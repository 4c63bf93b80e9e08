import Synchronization

/// A limit on what is in use at a time, by all threads together: connections, bytes of buffers, places in a mailbox. Several processes
/// can use one limit together: `SharedQuotas`.
package final class Quota: @unchecked Sendable {
    /// What this process uses.
    private let used: UnsafeMutablePointer<Atomic<Int>>
    /// What each process uses, and how many there are.
    private let column: SharedQuotas.Column
    private let limit: Atomic<Int>
    /// Keeps the memory that others can read; nil: the quota has its own.
    private let page: AnyObject?
    private let ownsColumn: Bool

    /// - Parameters:
    ///   - limit: 0: no limit.
    ///   - shared: the page and the column where this process counts beside others, and its place there; nil: it is alone.
    package init(limit: Int, shared: (page: SharedQuotas, column: SharedQuotas.Column, place: Int)? = nil) {
        self.limit = Atomic(limit == 0 ? .max : limit)
        page = shared?.page
        ownsColumn = shared == nil
        column = shared?.column ?? .alone()
        used = column[shared?.place ?? 0]
    }

    /// - Parameters:
    ///   - counter: where others can read what is in use, at 0.
    ///   - page: keeps its memory.
    init(limit: Int, counter: UnsafeMutablePointer<Atomic<Int>>, in page: AnyObject) {
        self.limit = Atomic(limit == 0 ? .max : limit)
        self.page = page
        column = .alone()
        ownsColumn = true
        used = counter
    }

    deinit { if ownsColumn { column.deallocate() } }

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
