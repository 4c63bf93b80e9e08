/// The change by an operation, for the gauges.
package struct StoreChange: Equatable, Sendable {
    package var keys = 0
    package var bytes = 0

    package init(keys: Int = 0, bytes: Int = 0) {
        self.keys = keys
        self.bytes = bytes
    }
}

/// What is left to do when the shard is unlocked: freeing a large record calls the kernel.
struct StoreEffects {
    var change = StoreChange()
    private var first: Record?
    private var second: Record?

    /// An operation on one key removes at most two records: an expired one, and the one that it replaces.
    mutating func free(_ record: Record) {
        if first == nil {
            first = record
        } else {
            assert(second == nil, "an operation on one key removes three records")
            second = record
        }
    }

    /// Moves the records to a list of those that are freed later.
    mutating func moveRecords(to list: inout [Record]) {
        if let first { list.append(first) }
        if let second { list.append(second) }
        (first, second) = (nil, nil)
    }

    @inline(__always)
    func freeRecords() {
        first?.deallocate()
        second?.deallocate()
    }
}
