/// A table of files by key, which evicts the least recently used file first: a hash table with chains, and a list by age. It
/// has one share of each of its files.
struct FileTable {
    private let capacity: Int
    private let buckets: UnsafeMutableBufferPointer<CachedFilePointer?>
    private(set) var count = 0
    private var newest: CachedFilePointer?
    private var oldest: CachedFilePointer?

    init(capacity: Int) {
        self.capacity = capacity
        var size = 16
        while size < capacity { size *= 2 }
        buckets = .allocate(capacity: size)
        buckets.initialize(repeating: nil)
    }

    func find(_ key: FileKey) -> CachedFilePointer? {
        var next = buckets[bucket(of: key)]
        while let file = next {
            if file.pointee.key.isSame(key) { return file }
            next = file.pointee.nextInBucket
        }
        return nil
    }

    /// The key of the file must not be in the table.
    mutating func insert(_ file: CachedFilePointer) {
        guard capacity > 0 else { return }
        while count >= capacity, let oldest { remove(oldest) }
        file.retain()
        let bucket = bucket(of: file.pointee.key)
        file.pointee.nextInBucket = buckets[bucket]
        buckets[bucket] = file
        pushNewest(file)
        count += 1
    }

    mutating func remove(_ file: CachedFilePointer) {
        let bucket = bucket(of: file.pointee.key)
        if buckets[bucket] == file {
            buckets[bucket] = file.pointee.nextInBucket
        } else {
            var previous = buckets[bucket]
            while let candidate = previous, candidate.pointee.nextInBucket != file {
                previous = candidate.pointee.nextInBucket
            }
            previous?.pointee.nextInBucket = file.pointee.nextInBucket
        }
        unlink(file)
        count -= 1
        file.release()
    }

    mutating func removeAll() {
        while let oldest { remove(oldest) }
    }

    /// Makes the file the most recently used one.
    mutating func touch(_ file: CachedFilePointer) {
        if file == newest { return }
        unlink(file)
        pushNewest(file)
    }

    mutating func deallocate() {
        removeAll()
        buckets.deallocate()
    }

    private func bucket(of key: FileKey) -> Int {
        Int(truncatingIfNeeded: key.hash ^ key.hash >> 32) & (buckets.count - 1)
    }

    private mutating func pushNewest(_ file: CachedFilePointer) {
        file.pointee.newer = nil
        file.pointee.older = newest
        newest?.pointee.newer = file
        newest = file
        if oldest == nil { oldest = file }
    }

    private mutating func unlink(_ file: CachedFilePointer) {
        if let newer = file.pointee.newer {
            newer.pointee.older = file.pointee.older
        } else {
            newest = file.pointee.older
        }
        if let older = file.pointee.older {
            older.pointee.newer = file.pointee.newer
        } else {
            oldest = file.pointee.newer
        }
        file.pointee.newer = nil
        file.pointee.older = nil
    }
}
