import Glibc
import Synchronization

/// The numbers of the series of a metric: a row of words for each. Any thread changes a row and reads which rows exist, without a lock. Rows
/// are only added, one thread at a time, and keep their place.
struct MetricRows: ~Copyable, @unchecked Sendable {
    private static let rowsOfChunk = 64
    private typealias Words = UnsafeMutablePointer<Atomic<UInt64>>

    let wordsOfRow: Int
    private let limit: Int
    /// The rows, in chunks. Written before `count` says that a row of the chunk exists.
    private let chunks: UnsafeMutablePointer<UnsafeMutablePointer<Words>>
    private let published = Atomic<Int>(0)

    init(wordsOfRow: Int, limit: Int) {
        self.wordsOfRow = wordsOfRow
        self.limit = limit
        chunks = .allocate(capacity: (limit + Self.rowsOfChunk - 1) / Self.rowsOfChunk)
    }

    deinit {
        for index in 0..<((count + Self.rowsOfChunk - 1) / Self.rowsOfChunk) { chunks[index].deallocate() }
        chunks.deallocate()
    }

    var count: Int { published.load(ordering: .acquiring) }
    var isFull: Bool { count >= limit }

    /// nil: there is no such row.
    subscript(index: Int) -> MetricRow? {
        guard index >= 0, index < count else { return nil }
        return MetricRow(chunks[index / Self.rowsOfChunk][index % Self.rowsOfChunk], count: wordsOfRow)
    }

    /// Adds a row. Its words must outlive this object. Calls must not overlap, and it must not be full.
    ///
    /// - Returns: its index.
    func append(_ words: UnsafeMutablePointer<Atomic<UInt64>>) -> Int {
        let index = published.load(ordering: .relaxed)
        precondition(index < limit, "the rows are full")
        if index % Self.rowsOfChunk == 0 {
            // One row is all that a metric without labels needs.
            (chunks + index / Self.rowsOfChunk).initialize(
                to: .allocate(capacity: min(Self.rowsOfChunk, limit - index)))
        }
        (chunks[index / Self.rowsOfChunk] + index % Self.rowsOfChunk).initialize(to: words)
        published.store(index + 1, ordering: .releasing)
        return index
    }
}

/// The numbers of one series. Valid as long as its metric.
struct MetricRow {
    private let words: UnsafeMutablePointer<Atomic<UInt64>>
    private let count: Int

    fileprivate init(_ words: UnsafeMutablePointer<Atomic<UInt64>>, count: Int) {
        self.words = words
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

/// Where the rows of a listener's metrics lie: in a file that others can read, or in memory of this process alone.
final class MetricMemory: Sendable {
    private static let cacheLine = 64

    private let file: MetricFile?
    /// What this object has allocated, by address.
    private let owned = Mutex<[UInt]>([])

    /// - Parameter file: nil: nobody else reads them.
    init(_ file: MetricFile?) { self.file = file }

    deinit { owned.withLock { for memory in $0 { UnsafeMutableRawPointer(bitPattern: memory)?.deallocate() } } }

    /// A record of zeroes; nil: there is no room. `MetricFile`
    func append(_ texts: [String], numbers: Int) -> UnsafeMutablePointer<Atomic<UInt64>>? {
        if let file { return file.append(texts, numbers: numbers) }
        let bytes = (max(numbers, 1) * 8 + Self.cacheLine - 1) / Self.cacheLine * Self.cacheLine
        let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: Self.cacheLine)
        memset(memory, 0, bytes)
        let address = UInt(bitPattern: memory)
        owned.withLock { $0.append(address) }
        return memory.assumingMemoryBound(to: Atomic<UInt64>.self)
    }
}
