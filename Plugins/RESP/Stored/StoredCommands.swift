import KeyValueStore
import MartletKit
import RESPWire
import Synchronization

/// Keys in a database: runs commands on them in transactions, on the threads of the database.
final class StoredCommands: Sendable {
    private let table: StoreTable<RESP>
    private let maximumValueBytes: Int
    private let isSweeping = Atomic<Bool>(false)

    init(_ table: StoreTable<RESP>, _ options: RESPOptions) {
        self.table = table
        maximumValueBytes = options.maximumValueBytes
    }

    /// The answers of the first commands of a batch, one after another, and where each ends.
    struct Answers: Sendable {
        var bytes: [UInt8] = []
        var ends: [Int] = []
        /// Where the next command begins in the batch.
        var next = 0
        /// A watched key has changed: nothing was run.
        var isChanged = false
    }

    /// Runs commands in one transaction: as many as their answers allow, or none if the database fails.
    ///
    /// - Parameters:
    ///   - isWhole: all of them, however large the answers become.
    ///   - watched: keys that must still have these versions.
    ///   - done: gets the answers. [loop]
    func run(
        _ batch: StoredBatch, watched: [SessionDetails.WatchedKey] = [], isWhole: Bool = false, version: UInt8,
        now: Int64, _ database: Unmanaged<Database>, for connection: ConnectionID,
        done: @escaping @Sendable (Result<Answers, DatabaseError>, SessionAccess<RESP>?) -> Void
    ) -> HostResult {
        let statements = table.statements
        let maximum = maximumValueBytes
        return table.database.transact(
            isQuery: batch.isQuery && watched.isEmpty, for: connection,
            { transaction throws(DatabaseError) in
                let keys = StoredKeys(statements, transaction)
                let answers = batch.frames.withUnsafeBytes { frames in
                    var exchange = Exchange(
                        keys, database, frames, version: version, now: now, maximumValueBytes: maximum)
                    defer { _ = exchange.output.takeCollected() }
                    return Self.run(batch, watched, keys, isWhole: isWhole, &exchange)
                }
                if let failure = keys.failure { throw failure }
                return answers
            }, done: done)
    }

    private static func run(
        _ batch: StoredBatch, _ watched: [SessionDetails.WatchedKey], _ keys: StoredKeys, isWhole: Bool,
        _ exchange: inout Exchange
    ) -> Answers {
        var answers = Answers()
        for watched in watched {
            let version = watched.key.withUnsafeBytes { keys.lockedVersion(of: $0, now: exchange.now) }
            guard version == watched.version else {
                answers.isChanged = true
                return answers
            }
        }
        let limits = RequestLimits(arguments: .max, bulkBytes: .max)
        let mostBytes = isWhole ? .max : Self.pieceBytes
        for command in batch.commands {
            guard keys.failure == nil, exchange.output.bytes < mostBytes,
                case .request(let count) = RequestParser.parse(
                    exchange.span.span, from: answers.next, limits: limits, into: &exchange.request)
            else { break }
            answers.next += count
            // What comes together without EXEC is independent.
            keys.locksReads = isWhole ? !batch.isQuery : !command.onlyReads
            exchange.runKeyCommand(command)
            answers.ends.append(exchange.output.bytes)
        }
        answers.bytes = exchange.output.takeCollected()
        return answers
    }

    /// The versions of keys; 0: there is none. `done` gets them in the same order. [loop]
    func versions(
        of names: [[UInt8]], now: Int64, for connection: ConnectionID,
        done: @escaping @Sendable (Result<[UInt64], DatabaseError>, SessionAccess<RESP>?) -> Void
    ) -> HostResult {
        let statements = table.statements
        return table.database.transact(
            isQuery: true, for: connection,
            { transaction throws(DatabaseError) in
                let keys = StoredKeys(statements, transaction)
                let versions = names.map { $0.withUnsafeBytes { keys.version(of: $0, now: now) } }
                if let failure = keys.failure { throw failure }
                return versions
            }, done: done)
    }

    /// Removes keys that have expired, a bounded number at a time. A database that is away or busy is asked again later.
    func sweep(_ now: Int64, _ metrics: RESPMetrics) {
        guard !isSweeping.exchange(true, ordering: .relaxed) else { return }
        let statements = table.statements
        let result = table.database.transact { transaction throws(DatabaseError) in
            StoredKeys(statements, transaction).removeExpired(atMost: Self.keysOfSweep, now: now).count
        } done: { [self] result, _ in
            isSweeping.store(false, ordering: .relaxed)
            if case .success(let count) = result, count > 0 { metrics.expired.add(Int64(count)) }
        }
        if !result.isAccepted { isSweeping.store(false, ordering: .relaxed) }
    }

    /// What one transaction answers, more or less: the rest is run when that is sent.
    private static let pieceBytes = 1 << 20
    /// Others who write wait for them.
    private static let keysOfSweep = 1_000
}

/// Commands on keys that came together, as they came.
struct StoredBatch: Sendable {
    private(set) var frames: [UInt8] = []
    private(set) var commands: [Command] = []
    /// None of them writes.
    private(set) var isQuery = true

    /// What is run in one transaction at most: others wait for it.
    private static let commandLimit = 1_000
    private static let byteLimit = 1 << 20

    var isEmpty: Bool { commands.isEmpty }

    func hasRoom(_ bytes: Int) -> Bool {
        isEmpty || commands.count < Self.commandLimit && frames.count + bytes <= Self.byteLimit
    }

    /// Without those that have been answered.
    func after(_ answers: StoredCommands.Answers) -> StoredBatch {
        var rest = StoredBatch()
        rest.frames = Array(frames[answers.next...])
        for command in commands.dropFirst(answers.ends.count) { rest.add(command, []) }
        return rest
    }

    mutating func add(_ command: Command, _ frame: some Sequence<UInt8>) {
        frames.append(contentsOf: frame)
        commands.append(command)
        if !command.onlyReads { isQuery = false }
    }
}

/// Commands that wait until there is room for their answers.
final class UnsentCommands {
    let batch: StoredBatch

    init(_ batch: StoredBatch) { self.batch = batch }
}
