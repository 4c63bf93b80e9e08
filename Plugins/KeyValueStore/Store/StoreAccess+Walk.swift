/// Operations on all keys. They lock one shard at a time, unless all are locked already.
extension StoreAccess {
    /// Calls `visit` with keys and values from a position on, and returns the position to go on from; 0: that was the end.
    ///
    /// A scan from 0 until 0 comes back visits every key that exists all the while, exactly once, whatever else changes: the
    /// order of the hashes never does. Needs a store in the order of hashes.
    ///
    /// - Parameters:
    ///   - cursor: 0, or what the last call returned.
    ///   - limit: at least 1: after so many keys the call ends. Keys with equal hashes are never separated.
    package func scan(
        from cursor: UInt64, limit: Int, now: Int64, _ visit: (UnsafeRawBufferPointer, StoredValue) -> Void
    ) -> UInt64 {
        let (first, count) = withStore { store in
            precondition(store.order != .bytes, "a scan by position of a store in the order of its keys")
            return (cursor > UInt64(Int64.max) ? store.shardCount : store.shard(of: cursor), store.shardCount)
        }
        let start = SearchKey(leading: cursor, bytes: UnsafeRawBufferPointer(start: nil, count: 0))
        var left = limit
        var last: UInt64?
        var next: UInt64 = 0
        for index in first..<count where next == 0 {
            withContents(of: index) { shard in
                shard.records.walk(from: start) { entry in
                    if left <= 0, entry.leading != last {
                        next = entry.leading
                        return false
                    }
                    left -= 1
                    last = entry.leading
                    if !entry.record.isExpired(now) { visit(entry.record.key, StoredValue(entry.record)) }
                    return true
                }
            }
        }
        return next
    }

    /// Calls `visit` with the first key from a position that the caller chooses at random. Returns false if there are no keys.
    package func anyKey(near position: UInt64, now: Int64, _ visit: (UnsafeRawBufferPointer) -> Void) -> Bool {
        var found = false
        for start in [position >> 1, 0] where !found {
            var cursor = start
            repeat {
                cursor = scan(from: cursor, limit: 1, now: now) { key, _ in
                    if !found { visit(key) }
                    found = true
                }
            } while !found && cursor != 0
        }
        return found
    }

    /// The contents of the store. Keys that have expired count until they are removed.
    package var size: StoreChange {
        var size = StoreChange()
        for index in 0..<withStore(\.shardCount) {
            withContents(of: index) { shard in
                size.keys += shard.records.count
                size.bytes += shard.bytes
            }
        }
        return size
    }

    /// The keys that have a deadline.
    package var expiringKeys: Int {
        var count = 0
        for index in 0..<withStore(\.shardCount) { withContents(of: index) { count += $0.expiring } }
        return count
    }

    /// Removes all keys.
    package func removeAll() {
        for index in 0..<withStore(\.shardCount) {
            // Frees the records outside of the lock.
            var removed = OrderedRecords(isEven: withStore(\.order) == .hash)
            var change = StoreChange()
            withContents(of: index) { change = $0.removeAll(movingTo: &removed) }
            withStore { store in
                store.release(-change.bytes)
                store.report(change)
            }
            _ = consume removed
        }
    }
}
