import Synchronization

/// The numbers of the series of a metric: a row of words for each. Any thread changes a row and reads which rows exist, without a lock. Rows
/// are only added, one thread at a time, and keep their place.
struct MetricRows: ~Copyable, @unchecked Sendable {
    private static let rowsOfChunk = 64
    /// Two event loops that count in different series must not write to the same cache line.
    private static let cacheLine = 64

    private let wordsOfRow: Int
    private let bytesOfRow: Int
    private let limit: Int
    /// Written before `count` says that a row of the chunk exists.
    private let chunks: UnsafeMutablePointer<UnsafeMutableRawPointer>
    private let published = Atomic<Int>(0)

    init(wordsOfRow: Int, limit: Int) {
        self.wordsOfRow = wordsOfRow
        self.limit = limit
        let bytes = wordsOfRow * MemoryLayout<Atomic<UInt64>>.stride
        bytesOfRow = (bytes + Self.cacheLine - 1) / Self.cacheLine * Self.cacheLine
        chunks = .allocate(capacity: (limit + Self.rowsOfChunk - 1) / Self.rowsOfChunk)
    }

    deinit {
        for index in 0..<((count + Self.rowsOfChunk - 1) / Self.rowsOfChunk) { chunks[index].deallocate() }
        chunks.deallocate()
    }

    var count: Int { published.load(ordering: .acquiring) }

    /// nil: there is no such row.
    subscript(index: Int) -> MetricRow? {
        guard index >= 0, index < count else { return nil }
        return MetricRow(address(of: index), count: wordsOfRow)
    }

    /// Adds a row of zeroes. Calls must not overlap.
    ///
    /// - Returns: its index; nil: there are as many as allowed.
    func append() -> Int? {
        let index = published.load(ordering: .relaxed)
        guard index < limit else { return nil }
        if index % Self.rowsOfChunk == 0 {
            // One row is all that a metric without labels needs.
            let rows = min(Self.rowsOfChunk, limit - index)
            (chunks + index / Self.rowsOfChunk).initialize(
                to: .allocate(byteCount: rows * bytesOfRow, alignment: Self.cacheLine))
        }
        let row = address(of: index).bindMemory(to: Atomic<UInt64>.self, capacity: wordsOfRow)
        for word in 0..<wordsOfRow { (row + word).initialize(to: Atomic(0)) }
        published.store(index + 1, ordering: .releasing)
        return index
    }

    private func address(of index: Int) -> UnsafeMutableRawPointer {
        chunks[index / Self.rowsOfChunk] + index % Self.rowsOfChunk * bytesOfRow
    }
}

/// The numbers of one series. Valid as long as its metric.
struct MetricRow {
    private let words: UnsafeMutablePointer<Atomic<UInt64>>
    private let count: Int

    fileprivate init(_ address: UnsafeMutableRawPointer, count: Int) {
        words = address.assumingMemoryBound(to: Atomic<UInt64>.self)
        self.count = count
    }

    func add(_ amount: UInt64, at index: Int) {
        assert(index >= 0 && index < count, "the row has this word")
        words[index].wrappingAdd(amount, ordering: .relaxed)
    }

    func set(_ value: UInt64, at index: Int) {
        assert(index >= 0 && index < count, "the row has this word")
        words[index].store(value, ordering: .relaxed)
    }

    subscript(index: Int) -> UInt64 {
        assert(index >= 0 && index < count, "the row has this word")
        return words[index].load(ordering: .relaxed)
    }
}
