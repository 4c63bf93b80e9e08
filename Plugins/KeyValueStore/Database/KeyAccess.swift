/// The operations on keys, wherever these are: in memory, or in a transaction of a database.
package enum KeyAccess {
    case memory(StoreAccess)
    case stored(StoredKeys)

    /// Calls `body` with the value of a key. Returns false if there is no such key.
    @inline(__always)
    package func read(_ key: UnsafeRawBufferPointer, now: Int64, _ body: (StoredValue) -> Void) -> Bool {
        switch self {
        case .memory(let access): access.read(key, now: now, body)
        case .stored(let keys): keys.read(key, now: now) { value, _ in body(value) }
        }
    }

    @inline(__always)
    package func exists(_ key: UnsafeRawBufferPointer, now: Int64) -> Bool { read(key, now: now) { _ in } }

    /// Calls `body` with the value of a key, nil if there is none, and does what it returns.
    @inline(__always)
    @discardableResult
    package func update(_ key: UnsafeRawBufferPointer, now: Int64, _ body: (StoredValue?) -> Edit) -> EditOutcome {
        switch self {
        case .memory(let access): access.update(key, now: now, body)
        case .stored(let keys): keys.update(key, now: now, body)
        }
    }

    /// Returns whether the key existed.
    package func remove(_ key: UnsafeRawBufferPointer, now: Int64) -> Bool {
        switch self {
        case .memory(let access): access.remove(key, now: now)
        case .stored(let keys): keys.remove(key, now: now)
        }
    }

    /// Calls `visit` with keys from a position on, and returns the position to go on from; 0: that was the end.
    package func scan(
        from cursor: UInt64, limit: Int, now: Int64, _ visit: (UnsafeRawBufferPointer) -> Void
    ) -> UInt64 {
        switch self {
        case .memory(let access): access.scan(from: cursor, limit: limit, now: now) { key, _ in visit(key) }
        case .stored(let keys): keys.scan(from: cursor, limit: limit, now: now, visit)
        }
    }

    /// Calls `visit` with a key near a position that the caller chooses at random. Returns false if there are no keys.
    package func anyKey(near position: UInt64, now: Int64, _ visit: (UnsafeRawBufferPointer) -> Void) -> Bool {
        switch self {
        case .memory(let access): access.anyKey(near: position, now: now, visit)
        case .stored(let keys): keys.anyKey(near: position, now: now, visit)
        }
    }

    /// Keys, and those of them that will expire. In memory, those that have expired count until they are removed.
    package func count(now: Int64) -> (keys: Int, expiring: Int) {
        switch self {
        case .memory(let access): (access.size.keys, access.expiringKeys)
        case .stored(let keys): keys.count(now: now)
        }
    }

    package func removeAll() {
        switch self {
        case .memory(let access): access.removeAll()
        case .stored(let keys): keys.removeAll()
        }
    }
}
