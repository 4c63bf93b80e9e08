import BinaryWire
import KeyValueStore
import MartletKit
import Synchronization

/// Keys in a database: runs requests in transactions, on the threads of the database.
final class StoredStore: Sendable {
    typealias Done = @Sendable (Result<[StoredResult], DatabaseError>, SessionAccess<Binary>?) -> Void

    static let tableName = "martlet_binary"

    private let table: StoreTable<Binary>
    private let maximumValueBytes: Int
    private let scanLimit: Int
    private let scanBytes: Int
    private let watches: Watches
    private let metrics: BinaryMetrics
    private let isSweeping = Atomic<Bool>(false)

    init(_ table: StoreTable<Binary>, _ options: BinaryOptions, _ watches: Watches, _ metrics: BinaryMetrics) {
        self.table = table
        maximumValueBytes = options.maximumValueBytes
        (scanLimit, scanBytes) = (options.scanLimit, options.scanBytes)
        (self.watches, self.metrics) = (watches, metrics)
    }

    /// Runs requests in one transaction, as many as fit into one.
    ///
    /// - Parameters:
    ///   - now: milliseconds since 1970.
    ///   - done: gets a result for each of the first of them, at least one; or why nothing was done. [loop]
    func run(_ requests: StoredRequests, now: Int64, for connection: ConnectionID, done: @escaping Done) -> HostResult {
        if requests.isSimple { return runStatements(requests, now, connection, done) }
        return table.database.transact(
            isQuery: requests.isQuery, for: connection,
            { [self] transaction throws(DatabaseError) in
                let keys = StoredKeys(table.statements, transaction)
                var results: [StoredResult] = []
                results.reserveCapacity(requests.all.count)
                var room = StoredRequests.pieceBytes
                for one in requests.all where room > 0 {
                    let result = requests.bytes.withUnsafeBytes { run(one.request, $0, keys, now) }
                    if let failure = keys.failure { throw failure }
                    results.append(result)
                    room -= result.byteCount
                }
                return results
            }, done: done)
    }

    // MARK: One statement each

    private func runStatements(
        _ requests: StoredRequests, _ now: Int64, _ connection: ConnectionID, _ done: @escaping Done
    ) -> HostResult {
        let first = StoreStatements.newVersion()
        var commands: [SQLCommand] = []
        commands.reserveCapacity(requests.all.count)
        for (index, one) in requests.all.enumerated() {
            commands.append(command(one.request, requests, first + Int64(index), now))
        }
        return table.database.execute(commands, isQuery: requests.isQuery, for: connection) { [self] outcome, access in
            switch outcome {
            case .failure(let error): done(.failure(error), access)
            case .success(let rows):
                var results: [StoredResult] = []
                results.reserveCapacity(requests.all.count)
                for (index, one) in requests.all.enumerated() {
                    results.append(result(one.request, rows[index], version: first + Int64(index), now: now))
                }
                done(.success(results), access)
            }
        }
    }

    private func command(
        _ request: ServerRequest, _ requests: StoredRequests, _ version: Int64, _ now: Int64
    ) -> SQLCommand {
        let statements = table.statements
        let key = requests.array(request.key ?? 0..<0)
        switch request {
        case .put(let put):
            let value = requests.array(put.value)
            return statements.command(for: StoreStatements.Put(key: key, value: value, version: version, now: now))
        case .delete: return statements.removeLiving(.bytes(key), .integer(now))
        default: return statements.find(.bytes(key))
        }
    }

    private func result(_ request: ServerRequest, _ rows: SQLRows, version: Int64, now: Int64) -> StoredResult {
        switch request {
        case .put:
            let outcome = table.statements.outcome(ofPut: version, rows)
            return .changedOne(.put(created: !outcome.existed), .put(version: outcome.version))
        case .delete:
            let existed = rows.changes > 0
            return .changedOne(.delete(existed: existed), existed ? .deleted : nil)
        default:
            guard let row = rows.first, let bytes = row.bytes(0), let deadline = row.integer(2),
                deadline == 0 || deadline > now
            else { return .value(nil) }
            return .value(StoredEntry(value: Array(bytes)))
        }
    }

    // MARK: In a transaction

    private func run(
        _ request: ServerRequest, _ bytes: UnsafeRawBufferPointer, _ keys: StoredKeys, _ now: Int64
    ) -> StoredResult {
        func part(_ range: Range<Int>) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: bytes[range]) }
        switch request {
        case .get(let key), .read(let key):
            var entry: StoredEntry?
            _ = keys.read(part(key), now: now) { value, version in
                entry = StoredEntry(value: Array(value.bytes), version: version, deadline: value.deadline)
            }
            return .value(entry)
        case .put(let put):
            let made = keys.put(part(put.key), Array(part(put.value)), deadline: 0, now: now)
            return .changedOne(.put(created: made?.existed == false), .put(version: made?.version ?? 0))
        case .delete(let key):
            let existed = keys.remove(part(key), now: now)
            return .changedOne(.delete(existed: existed), existed ? .deleted : nil)
        case .scan(let scan):
            return .page(
                keys.page(
                    prefix: Array(part(scan.prefix)), startAfter: Array(part(scan.startAfter)),
                    limit: min(scan.limit, scanLimit), bytes: scanBytes, now: now))
        case .write(let write):
            guard write.value.count <= maximumValueBytes else { return .changed(.failed(.valueTooLarge), []) }
            let write = StoreWrite(write, bytes, now: now)
            guard let outcome = keys.write(write, now: now) else { return .value(nil) }
            var changes: [StoredChange] = []
            if case .done(let existed, let version) = outcome { changes = Self.changes(write, existed, version) }
            return .changed(StoreResult(outcome), changes)
        case .batch(let batch): return run(batch, bytes, keys, now)
        case .ping, .echo, .watch, .unwatch, .authenticate: return .value(nil)
        }
    }

    private func run(
        _ batch: BatchRequest, _ bytes: UnsafeRawBufferPointer, _ keys: StoredKeys, _ now: Int64
    ) -> StoredResult {
        var writes: [StoreWrite] = []
        writes.reserveCapacity(batch.count)
        var cursor = batch.writes
        while let write = cursor.next(in: bytes.bytes) {
            guard write.value.count <= maximumValueBytes else { return .changed(.failed(.valueTooLarge), []) }
            writes.append(StoreWrite(write, bytes, now: now))
        }
        guard let outcome = keys.batch(writes, now: now) else { return .value(nil) }
        var changes: [StoredChange] = []
        if case .done(let versions) = outcome {
            // Whether a deleted key existed is not known any more: it is told in any case.
            for (write, version) in zip(writes, versions) { changes += Self.changes(write, true, version) }
        }
        return .changed(StoreResult(outcome), changes)
    }

    private static func changes(_ write: StoreWrite, _ existed: Bool, _ version: UInt64) -> [StoredChange] {
        if write.value != nil { return [StoredChange(key: Array(write.key), event: .put(version: version))] }
        return existed ? [StoredChange(key: Array(write.key), event: .deleted)] : []
    }

    // MARK: Expiry

    /// Removes keys that have expired, a bounded number at a time. A database that is away or busy is asked again later.
    func sweep(_ now: Int64) {
        guard !isSweeping.exchange(true, ordering: .relaxed) else { return }
        let statements = table.statements
        let result = table.database.transact { transaction throws(DatabaseError) in
            let keys = StoredKeys(statements, transaction)
            let removed = keys.removeExpired(atMost: Self.keysOfSweep, now: now)
            if let failure = keys.failure { throw failure }
            return removed
        } done: { [self] result, _ in
            isSweeping.store(false, ordering: .relaxed)
            guard case .success(let removed) = result, !removed.isEmpty else { return }
            metrics.expired.add(Int64(removed.count))
            for key in removed { key.withUnsafeBytes { watches.tell($0, .expired) } }
        }
        if !result.isAccepted { isSweeping.store(false, ordering: .relaxed) }
    }

    private static let keysOfSweep = 1_000
}

extension Binary {
    func count(prefix: [UInt8]) throws(OperationError) -> Int64 { try inMemory().count(prefix: prefix) }
    func clear(prefix: [UInt8]) throws(OperationError) -> Int64 { try inMemory().clear(prefix: prefix) }

    private func inMemory() throws(OperationError) -> SharedStore {
        guard stored == nil else {
            throw OperationError(
                "the keys are in a database: ask it, or use the protocol (table \(StoredStore.tableName))")
        }
        return withStore { $0 }
    }
}
