import MartletKit

/// The operations on the keys of a store in a database, in an open transaction: what `StoreAccess` does in memory. Used on a thread of the
/// database.
///
/// When a statement fails, the transaction cannot be committed any more, and the operations that follow do nothing: the host reports the
/// failure, and what they have returned does not count.
package final class StoredKeys {
    private let statements: StoreStatements
    private let transaction: SQLTransaction
    /// Microseconds since 1970.
    private let version: Int64
    package private(set) var failure: DatabaseError?

    package init(_ statements: StoreStatements, _ transaction: SQLTransaction, now: Int64) {
        (self.statements, self.transaction) = (statements, transaction)
        let (product, overflow) = now.multipliedReportingOverflow(by: 1_000)
        version = overflow ? now : max(product, 1)
    }

    /// nil: it has failed.
    private func run(_ command: SQLCommand) -> SQLRows? {
        guard failure == nil else { return nil }
        do throws(DatabaseError) {
            return try transaction.run(command)
        } catch {
            failure = error
            return nil
        }
    }

    private func value(_ key: UnsafeRawBufferPointer) -> SQLValue { .bytes(Array(key)) }

    // MARK: One key

    /// Calls `body` with the value of a key and its version. Returns false if there is no such key.
    package func read(
        _ key: UnsafeRawBufferPointer, now: Int64, isLocked: Bool = false, _ body: (StoredValue, UInt64) -> Void
    ) -> Bool {
        let statement = isLocked ? statements.findLocked : statements.find
        guard let row = run(statement(value(key)))?.first, let bytes = row.bytes(0), let version = row.integer(1),
            let deadline = row.integer(2), deadline == 0 || deadline > now
        else { return false }
        body(StoredValue(bytes: bytes, deadline: deadline), UInt64(bitPattern: version))
        return true
    }

    /// Calls `body` with the value of a key, nil if there is none, and does what it returns.
    package func update(_ key: UnsafeRawBufferPointer, now: Int64, _ body: (StoredValue?) -> Edit) -> EditOutcome {
        guard key.count <= StoreStatements.longestKey else { return .noMemory }
        // What `body` gets is gone with the next statement.
        var old: (bytes: [UInt8], deadline: Int64)?
        _ = read(key, now: now, isLocked: true) { value, _ in old = (Array(value.bytes), value.deadline) }
        guard failure == nil else { return .done }
        let edit = old.map { old in
            old.bytes.withUnsafeBytes { body(StoredValue(bytes: $0, deadline: old.deadline)) }
        }
        switch edit ?? body(nil) {
        case .keep: break
        case .remove: if old != nil { _ = run(statements.remove(value(key))) }
        case .expire(let deadline):
            guard let old, old.deadline != deadline else { break }
            _ = run(statements.expire(.integer(deadline), value(key)))
        case .replace(let bytes, let deadline): _ = put(key, Array(bytes), deadline: deadline, now: now)
        case .splice(let bytes, let offset):
            var whole = old?.bytes ?? []
            let (end, overflow) = offset.addingReportingOverflow(bytes.count)
            guard offset >= 0, !overflow else { return .noMemory }
            if whole.count < end { whole += [UInt8](repeating: 0, count: end - whole.count) }
            whole.replaceSubrange(offset..<end, with: bytes)
            _ = put(key, whole, deadline: old?.deadline ?? 0, now: now)
        }
        return .done
    }

    /// - Returns: the new version, and whether the key was there; nil: it has failed.
    package func put(
        _ key: UnsafeRawBufferPointer, _ bytes: [UInt8], deadline: Int64, now: Int64
    ) -> (version: UInt64, existed: Bool)? {
        let command = statements.put(value(key), .bytes(bytes), .integer(version), .integer(deadline), .integer(now))
        guard let new = run(command)?.first?.integer(0) else { return nil }
        return (UInt64(bitPattern: new), new != version)
    }

    /// Returns whether the key existed.
    package func remove(_ key: UnsafeRawBufferPointer, now: Int64) -> Bool {
        (run(statements.removeLiving(value(key), .integer(now)))?.changes ?? 0) > 0
    }

    /// The version of a key; 0: there is none.
    package func version(of key: UnsafeRawBufferPointer, now: Int64) -> UInt64 {
        var found: UInt64 = 0
        _ = read(key, now: now) { found = $1 }
        return found
    }

    /// The same, and nobody else changes the key before the end of the transaction.
    package func lockedVersion(of key: UnsafeRawBufferPointer, now: Int64) -> UInt64 {
        var found: UInt64 = 0
        _ = read(key, now: now, isLocked: true) { found = $1 }
        return found
    }

    // MARK: All keys

    /// Calls `visit` with keys from a position on, and returns the position to go on from; 0: that was the end. A scan from 0 until 0 comes
    /// back visits every key that exists all the while.
    package func scan(
        from cursor: UInt64, limit: Int, now: Int64, _ visit: (UnsafeRawBufferPointer) -> Void
    ) -> UInt64 {
        guard let start = Int64(exactly: cursor),
            let rows = run(statements.scanNumbers(.integer(start), .integer(now), .integer(Int64(limit))))
        else { return 0 }
        for row in rows { if let key = row.bytes(1) { visit(key) } }
        return rows.count < limit ? 0 : UInt64(clamping: rows.last?.integer(0) ?? 0)
    }

    /// Calls `visit` with a key near a position that the caller chooses at random. Returns false if there are no keys.
    package func anyKey(near position: UInt64, now: Int64, _ visit: (UnsafeRawBufferPointer) -> Void) -> Bool {
        guard let range = run(statements.numbers())?.first, let low = range.integer(0), let high = range.integer(1)
        else { return false }
        let start = low - 1 + Int64(position % UInt64(high - low + 1))
        var found = false
        for start in [start, low - 1] where !found {
            _ = scan(from: UInt64(clamping: start), limit: 1, now: now) { key in
                visit(key)
                found = true
            }
        }
        return found
    }

    /// Keys, and those of them that will expire.
    package func count(now: Int64) -> (keys: Int, expiring: Int) {
        guard let row = run(statements.count(.integer(now)))?.first else { return (0, 0) }
        return (Int(row.integer(0) ?? 0), Int(row.integer(1) ?? 0))
    }

    package func removeAll() { _ = run(statements.clear()) }

    /// Removes keys that have expired, and returns them.
    package func removeExpired(atMost limit: Int, now: Int64) -> [[UInt8]] {
        let rows = run(statements.expired(.integer(now), .integer(Int64(limit))))
        let keys = rows.map { $0.compactMap { $0.bytes(0).map { Array($0) } } } ?? []
        // Another server may be faster, or the key may have been put again.
        return keys.filter { (run(statements.removeExpired(.bytes($0), .integer(now)))?.changes ?? 0) > 0 }
    }
}
