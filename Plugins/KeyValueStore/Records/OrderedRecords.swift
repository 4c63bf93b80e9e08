/// Records in the order of their keys: a directory of leaves of up to 256 entries each, a tree of two levels.
///
/// For n keys a lookup is two binary searches, with log2(n) comparisons, nearly all of which read only the entries. A put
/// moves at most 4 KB within a leaf. About every 128th put splits a leaf and moves the directory behind it: 8 bytes for
/// each 128 keys, that is 6 KB at 100,000 keys and 625 KB at 10 million. A scan walks through the leaves in order.
struct OrderedRecords: ~Copyable, Sendable {
    private var leaves: ContiguousArray<Leaf> = []
    private(set) var count = 0

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

    /// The first record that is not before the key, or the end of a leaf: `record(at:)` does not continue in the next leaf.
    private func lowerBound(_ key: SearchKey) -> Position {
        // The last leaf that begins at or before the key: leaves are never empty.
        var low = 0
        var high = leaves.count
        while low < high {
            let middle = (low + high) / 2
            let first = leaves[middle][0]
            let isBeyond =
                first.leading != key.leading
                ? first.leading > key.leading : compareKeys(first.record.key, key.bytes) > 0
            if isBeyond { high = middle } else { low = middle + 1 }
        }
        guard low > 0 else { return Position(leaf: 0, index: 0) }
        return Position(leaf: low - 1, index: leaves[low - 1].lowerBound(key))
    }

    private func entry(at position: Position) -> LeafEntry? {
        guard position.leaf < leaves.count, position.index < leaves[position.leaf].count else { return nil }
        return leaves[position.leaf][position.index]
    }

    /// Inserts a record at the position that `find` returned for its key.
    mutating func insert(_ record: Record, leading: UInt64, at position: Position) {
        var position = position
        if leaves.isEmpty {
            leaves.append(Leaf())
        } else if leaves[position.leaf].count == Leaf.capacity {
            position = makeRoom(at: position)
        }
        leaves[position.leaf].insert(LeafEntry(leading: leading, record: record), at: position.index)
        count += 1
    }

    /// Splits a full leaf in halves; but if the new entry belongs at its end, splits it there, so that keys that arrive in
    /// order fill their leaves.
    private mutating func makeRoom(at position: Position) -> Position {
        let isAtEnd = position.index == Leaf.capacity
        let half = Leaf.capacity / 2
        leaves.insert(leaves[position.leaf].split(at: isAtEnd ? Leaf.capacity : half), at: position.leaf + 1)
        if position.index < half || !isAtEnd && position.index == half { return position }
        return Position(leaf: position.leaf + 1, index: isAtEnd ? 0 : position.index - half)
    }

    /// Replaces a record with another that has the same key. Returns the old record.
    mutating func replace(at position: Position, with record: Record) -> Record {
        let old = leaves[position.leaf][position.index]
        leaves[position.leaf][position.index] = LeafEntry(leading: old.leading, record: record)
        return old.record
    }

    mutating func remove(at position: Position) -> Record {
        let leaf = leaves[position.leaf]
        let record = leaf[position.index].record
        leaf.remove(at: position.index)
        count -= 1
        shrink(position.leaf)
        return record
    }

    /// Merges two neighbouring leaves that together fill at most half a leaf.
    private mutating func shrink(_ index: Int) {
        if leaves[index].count == 0 { return dropLeaf(index) }
        for left in [index - 1, index] where left >= 0 && left + 1 < leaves.count {
            guard leaves[left].count + leaves[left + 1].count <= Leaf.capacity / 2 else { continue }
            leaves[left].absorb(leaves[left + 1])
            return dropLeaf(left + 1)
        }
    }

    func eachLeaf(_ visit: (Leaf) -> Void) {
        for leaf in leaves { visit(leaf) }
    }

    // MARK: Building in order

    /// Makes room for so many records that `append` will add.
    mutating func reserve(_ records: Int) { leaves.reserveCapacity(records / Self.filledLeaf + 1) }

    /// How far `append` fills a leaf: the rest is for keys that come later.
    private static let filledLeaf = Leaf.capacity * 3 / 4

    /// Adds a record behind the last one. Returns false, and does nothing, if it does not belong there.
    mutating func append(_ record: Record, leading: UInt64) -> Bool {
        if let leaf = leaves.last {
            let last = leaf[leaf.count - 1]
            guard last.isBefore(SearchKey(leading: leading, bytes: record.key)) else { return false }
        }
        if leaves.last.map({ $0.count >= Self.filledLeaf }) ?? true { leaves.append(Leaf()) }
        leaves[leaves.count - 1].append(LeafEntry(leading: leading, record: record))
        count += 1
        return true
    }

    private mutating func dropLeaf(_ index: Int) {
        leaves.remove(at: index).deallocate()
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
        while position.leaf < leaves.count {
            while let entry = entry(at: position) {
                guard visit(entry) else { return }
                position.index += 1
            }
            position = Position(leaf: position.leaf + 1, index: 0)
        }
    }

    deinit {
        for leaf in leaves {
            for index in 0..<leaf.count { leaf[index].record.deallocate() }
            leaf.deallocate()
        }
    }
}
