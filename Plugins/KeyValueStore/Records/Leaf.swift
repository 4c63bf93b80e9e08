/// A record and the number that stands for its key in the order of the store: `KeyOrder`.
struct LeafEntry: BitwiseCopyable {
    let leading: UInt64
    let record: Record

    /// Whether this entry comes before the key.
    @inline(__always)
    func isBefore(_ key: SearchKey) -> Bool {
        if leading != key.leading { return leading < key.leading }
        return compareKeys(record.key, key.bytes) < 0
    }
}

/// Up to 256 neighbouring records, in order, in one block of memory that the store owns.
struct Leaf: BitwiseCopyable, @unchecked Sendable {
    static var capacity: Int { 256 }
    private static var countBytes: Int { 16 }
    private static var byteCount: Int { countBytes + capacity * MemoryLayout<LeafEntry>.stride }

    private let base: UnsafeMutableRawPointer

    init() {
        guard let memory = StoreHeap.allocate(Self.byteCount) else { fatalError("no memory for the keys of the store") }
        base = memory
        base.storeBytes(of: 0, as: Int.self)
    }

    func deallocate() { StoreHeap.free(base, Self.byteCount) }

    private var entries: UnsafeMutablePointer<LeafEntry> {
        (base + Self.countBytes).assumingMemoryBound(to: LeafEntry.self)
    }

    private(set) var count: Int {
        get { base.load(as: Int.self) }
        nonmutating set { base.storeBytes(of: newValue, as: Int.self) }
    }

    subscript(index: Int) -> LeafEntry {
        get {
            assert(index >= 0 && index < count, "an entry beyond the end of its leaf")
            return entries[index]
        }
        nonmutating set {
            assert(index >= 0 && index < count, "an entry beyond the end of its leaf")
            entries[index] = newValue
        }
    }

    /// The index of the first entry that is not before the key; `count` if there is none.
    func lowerBound(_ key: SearchKey) -> Int { search(key, 0, count) }

    @inline(__always)
    private func search(_ key: SearchKey, _ first: Int, _ end: Int) -> Int {
        var low = first
        var high = end
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].isBefore(key) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The same, for entries whose numbers are spread evenly: begins near the place where the number should be, and reads about
    /// two cache lines instead of seven.
    ///
    /// - Parameters:
    ///   - first: the number of the first entry, at most that of the key.
    ///   - end: the first number behind the leaf; nil: not known.
    func lowerBound(_ key: SearchKey, from first: UInt64, to end: UInt64?) -> Int {
        guard count > 8 else { return lowerBound(key) }
        let end = max(end ?? entries[count - 1].leading, key.leading)
        let share = Double(key.leading &- first) / Double(max(end &- first, 1))
        let guess = min(Int(share * Double(count)), count - 1)
        // Steps that double, away from the guess, enclose the place.
        var (low, high, step) = (guess, guess, 4)
        if entries[guess].isBefore(key) {
            repeat {
                low = high + 1
                high = min(high + step, count)
                step *= 2
            } while high < count && entries[high].isBefore(key)
        } else {
            repeat {
                high = low
                low = max(low - step, 0)
                step *= 2
            } while low > 0 && !entries[low - 1].isBefore(key)
        }
        return search(key, low, high)
    }

    func insert(_ entry: LeafEntry, at index: Int) {
        precondition(count < Self.capacity && index >= 0 && index <= count, "no room in the leaf")
        (entries + index + 1).update(from: entries + index, count: count - index)
        entries[index] = entry
        count += 1
    }

    func remove(at index: Int) {
        precondition(index >= 0 && index < count, "an entry beyond the end of its leaf")
        (entries + index).update(from: entries + index + 1, count: count - index - 1)
        count -= 1
    }

    func append(_ entry: LeafEntry) {
        precondition(count < Self.capacity, "no room in the leaf")
        entries[count] = entry
        count += 1
    }

    /// Moves the entries from `index` on to a new leaf.
    func split(at index: Int) -> Leaf {
        precondition(index >= 0 && index <= count, "a split beyond the end of the leaf")
        let next = Leaf()
        next.entries.update(from: entries + index, count: count - index)
        next.count = count - index
        count = index
        return next
    }

    /// Takes over all entries of the next leaf.
    func absorb(_ next: Leaf) {
        precondition(count + next.count <= Self.capacity, "no room in the leaf")
        (entries + count).update(from: next.entries, count: next.count)
        count += next.count
        next.count = 0
    }
}
