/// Records in the order of their keys: a directory of leaves of up to 256 entries each, a tree of two levels.
///
/// For n keys a lookup is two binary searches, with log2(n) comparisons, nearly all of which read only the entries. A put
/// moves at most 4 KB within a leaf. About every 128th put splits a leaf and moves the directory behind it: 16 bytes for
/// each 128 keys, that is 12 KB at 100,000 keys and 1.2 MB at 10 million. A scan walks through the leaves in order.
struct OrderedRecords: ~Copyable, Sendable {
    /// A leaf, and the number of its first entry, so that a search of the directory reads no leaf.
    private struct Place {
        var first: UInt64
        let leaf: Leaf
    }

    private var places: ContiguousArray<Place> = []
    private(set) var count = 0
    /// The numbers are hashes: they are spread evenly.
    private let isEven: Bool

    init(isEven: Bool) { self.isEven = isEven }

    struct Position: Equatable {
        fileprivate(set) var leaf: Int
        fileprivate(set) var index: Int
    }

    /// The position of the key, or the position where it belongs.
    func find(_ key: SearchKey) -> (position: Position, record: Record?) {
        let position = lowerBound(key)
        guard let entry = entry(at: position), entry.leading == key.leading,
            compareKeys(entry.record.key, key.bytes) == 0
        else { return (position, nil) }
        return (position, entry.record)
    }

    /// The first record that is not before the key, or the end of a leaf: `entry(at:)` does not continue in the next leaf.
    private func lowerBound(_ key: SearchKey) -> Position {
        // The last leaf that begins at or before the key: leaves are never empty.
        var low = 0
        var high = places.count
        while low < high {
            let middle = (low + high) / 2
            let first = places[middle].first
            let isBeyond =
                first != key.leading
                ? first > key.leading : compareKeys(places[middle].leaf[0].record.key, key.bytes) > 0
            if isBeyond { high = middle } else { low = middle + 1 }
        }
        guard low > 0 else { return Position(leaf: 0, index: 0) }
        let place = places[low - 1]
        let index =
            isEven
            ? place.leaf.lowerBound(key, from: place.first, to: low < places.count ? places[low].first : nil)
            : place.leaf.lowerBound(key)
        return Position(leaf: low - 1, index: index)
    }

    private func entry(at position: Position) -> LeafEntry? {
        guard position.leaf < places.count, position.index < places[position.leaf].leaf.count else { return nil }
        return places[position.leaf].leaf[position.index]
    }

    /// Inserts a record at the position that `find` returned for its key.
    mutating func insert(_ record: Record, leading: UInt64, at position: Position) {
        var position = position
        if places.isEmpty {
            places.append(Place(first: leading, leaf: Leaf()))
        } else if places[position.leaf].leaf.count == Leaf.capacity {
            position = makeRoom(at: position)
        }
        places[position.leaf].leaf.insert(LeafEntry(leading: leading, record: record), at: position.index)
        if position.index == 0 { places[position.leaf].first = leading }
        count += 1
    }

    /// Splits a full leaf in halves; but if the new entry belongs at its end, splits it there, so that keys that arrive in
    /// order fill their leaves.
    private mutating func makeRoom(at position: Position) -> Position {
        let isAtEnd = position.index == Leaf.capacity
        let half = Leaf.capacity / 2
        let next = places[position.leaf].leaf.split(at: isAtEnd ? Leaf.capacity : half)
        // An empty leaf gets its number with the new entry.
        places.insert(Place(first: next.count == 0 ? 0 : next[0].leading, leaf: next), at: position.leaf + 1)
        if position.index < half || !isAtEnd && position.index == half { return position }
        return Position(leaf: position.leaf + 1, index: isAtEnd ? 0 : position.index - half)
    }

    /// Replaces a record with another that has the same key. Returns the old record.
    mutating func replace(at position: Position, with record: Record) -> Record {
        let leaf = places[position.leaf].leaf
        let old = leaf[position.index]
        leaf[position.index] = LeafEntry(leading: old.leading, record: record)
        return old.record
    }

    mutating func remove(at position: Position) -> Record {
        let leaf = places[position.leaf].leaf
        let record = leaf[position.index].record
        leaf.remove(at: position.index)
        count -= 1
        if position.index == 0, leaf.count > 0 { places[position.leaf].first = leaf[0].leading }
        shrink(position.leaf)
        return record
    }

    /// Merges two neighbouring leaves that together fill at most half a leaf.
    private mutating func shrink(_ index: Int) {
        if places[index].leaf.count == 0 { return dropLeaf(index) }
        for left in [index - 1, index] where left >= 0 && left + 1 < places.count {
            let (leaf, next) = (places[left].leaf, places[left + 1].leaf)
            guard leaf.count + next.count <= Leaf.capacity / 2 else { continue }
            leaf.absorb(next)
            return dropLeaf(left + 1)
        }
    }

    func eachLeaf(_ visit: (Leaf) -> Void) {
        for place in places { visit(place.leaf) }
    }

    // MARK: Building in order

    /// Makes room for so many records that `append` will add.
    mutating func reserve(_ records: Int) { places.reserveCapacity(records / Self.filledLeaf + 1) }

    /// How far `append` fills a leaf: the rest is for keys that come later.
    private static let filledLeaf = Leaf.capacity * 3 / 4

    /// Adds a record behind the last one. Returns false, and does nothing, if it does not belong there.
    mutating func append(_ record: Record, leading: UInt64) -> Bool {
        if let leaf = places.last?.leaf {
            let last = leaf[leaf.count - 1]
            guard last.isBefore(SearchKey(leading: leading, bytes: record.key)) else { return false }
        }
        if places.last.map({ $0.leaf.count >= Self.filledLeaf }) ?? true {
            places.append(Place(first: leading, leaf: Leaf()))
        }
        places[places.count - 1].leaf.append(LeafEntry(leading: leading, record: record))
        count += 1
        return true
    }

    private mutating func dropLeaf(_ index: Int) {
        places.remove(at: index).leaf.deallocate()
    }

    /// Calls `visit` for each entry in order, from the first that is not before `start` (with `behind`: after `start`), until
    /// it returns false.
    func walk(from start: SearchKey, behind: Bool = false, _ visit: (LeafEntry) -> Bool) {
        var position = lowerBound(start)
        if behind, let first = entry(at: position), first.leading == start.leading,
            compareKeys(first.record.key, start.bytes) == 0
        {
            position.index += 1
        }
        while position.leaf < places.count {
            while let entry = entry(at: position) {
                guard visit(entry) else { return }
                position.index += 1
            }
            position = Position(leaf: position.leaf + 1, index: 0)
        }
    }

    deinit {
        for leaf in places.lazy.map(\.leaf) {
            for index in 0..<leaf.count { leaf[index].record.deallocate() }
            leaf.deallocate()
        }
    }
}
