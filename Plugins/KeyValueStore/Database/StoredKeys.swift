import MartletKit

/// The operations on the keys of a store in a database, in an open transaction: what `StoreAccess` does in memory. Used on a thread of the
/// database.
///
/// When a statement fails, the transaction cannot be committed any more, and the operations that follow do nothing: the host reports the
/// failure, and what they have returned does not count.
package final class StoredKeys {
    private let statements: StoreStatements
    private let transaction: SQLTransaction
    /// For the next put.
    private var version = StoreStatements.newVersion()
    package private(set) var failure: DatabaseError?
    /// Keys that are read belong to what is written: nobody else changes them before the end of the transaction. Otherwise a read of MariaDB
    /// finds what was there when the transaction began, and a write what is there now.
    package var locksReads = false

    package init(_ statements: StoreStatements, _ transaction: SQLTransaction) {
        (self.statements, self.transaction) = (statements, transaction)
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
        let statement = isLocked || locksReads ? statements.findLocked : statements.find
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

    /// - Returns: nil: it has failed.
    package func put(
        _ key: UnsafeRawBufferPointer, _ bytes: [UInt8], deadline: Int64, now: Int64
    ) -> StoredPut? {
        // Another one for each, because the same key may be put, removed and put again.
        defer { version += 1 }
        let new = StoreStatements.Put(key: Array(key), value: bytes, version: version, deadline: deadline, now: now)
        return run(statements.command(for: new)).map { statements.outcome(ofPut: version, $0) }
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

    /// Does a conditional write.
    package func write(_ write: StoreWrite, now: Int64) -> WriteOutcome? {
        let old = lockedVersion(of: write.key, now: now)
        guard failure == nil else { return nil }
        guard write.condition.isMet(by: old) else { return .notMet(version: old) }
        guard let value = write.value else {
            if old != 0 { _ = remove(write.key, now: now) }
            return .done(existed: old != 0, version: 0)
        }
        return put(write.key, Array(value), deadline: write.deadline, now: now).map {
            .done(existed: old != 0, version: $0.version)
        }
    }

    /// Does all writes, or none if a condition is not met.
    package func batch(_ writes: [StoreWrite], now: Int64) -> BatchOutcome? {
        // What the transaction has done for others stays, so nothing is written before all conditions are known.
        var versions: [[UInt8]: UInt64] = [:]
        for (index, write) in writes.enumerated() {
            let key = Array(write.key)
            let old = versions[key] ?? lockedVersion(of: write.key, now: now)
            guard failure == nil else { return nil }
            guard write.condition.isMet(by: old) else { return .notMet(index: index, version: old) }
            // A version that nobody can know before the batch is done.
            versions[key] = write.value == nil ? 0 : .max
        }
        var results: [UInt64] = []
        for write in writes {
            guard let value = write.value else {
                _ = remove(write.key, now: now)
                results.append(0)
                continue
            }
            guard let made = put(write.key, Array(value), deadline: write.deadline, now: now) else { return nil }
            results.append(made.version)
        }
        return failure == nil ? .done(versions: results) : nil
    }

    // MARK: All keys

    /// A part of the keys with a prefix, in their order.
    package struct Page: Sendable {
        package var entries: [(key: [UInt8], value: [UInt8])] = []
        /// There are keys after the last one.
        package var more = false
    }

    /// - Parameters:
    ///   - startAfter: empty: from the beginning.
    ///   - limit: the most entries.
    ///   - bytes: the most bytes of keys and values, but there is at least one entry if there is one at all.
    package func page(
        prefix: [UInt8], startAfter: [UInt8], limit: Int, bytes: Int, now: Int64
    ) -> Page {
        let end: [UInt8]
        if let last = prefix.lastIndex(where: { $0 < 255 }) {
            end = prefix[..<last] + [prefix[last] + 1]
        } else {
            // No key is as long.
            end = [UInt8](repeating: 255, count: StoreStatements.longestKey + 1)
        }
        func range(_ limit: Int) -> [SQLValue] {
            [.bytes(startAfter), .bytes(prefix), .bytes(end), .integer(now), .integer(Int64(limit))]
        }
        var page = Page()
        var (count, room) = (0, bytes)
        guard let sizes = run(SQLCommand(statement: statements.scanSizes, values: range(limit + 1))) else {
            return page
        }
        for row in sizes {
            room -= (row.bytes(0)?.count ?? 0) + Int(row.integer(1) ?? 0)
            guard count < limit, room >= 0 || count == 0 else { break }
            count += 1
        }
        page.more = count < sizes.count
        guard count > 0, let rows = run(SQLCommand(statement: statements.scanValues, values: range(count))) else {
            return page
        }
        page.entries = rows.map { (Array($0.bytes(0) ?? Self.none), Array($0.bytes(1) ?? Self.none)) }
        return page
    }

    private static var none: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: nil, count: 0) }

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
