import Glibc
import SQL
import Synchronization
import Testing
import Threads

@testable import DatabasePools

/// A database that does what the test says, so that every moment of a pool can be reached.
final class ScriptedDatabase: Sendable {
    struct State {
        var isReachable = true
        /// Connections that are alive.
        var open = 0
        var attempts = 0
        /// Sessions made before this number are broken.
        var oldest = 0
        var conflicts = 0
        var checks = 0
        var rollbacks = 0
        /// What was run, by the number of the session.
        var log: [String] = []
        var gate: Reply<Bool>?
    }

    let state = Mutex(State())

    func connect() throws(DatabaseError) -> any DatabaseSession {
        let number = state.withLock { state -> Int? in
            state.attempts += 1
            guard state.isReachable else { return nil }
            state.open += 1
            return state.attempts
        }
        guard let number else { throw DatabaseError(.away, "it cannot be reached") }
        return ScriptedSession(self, number)
    }

    func pool(_ settings: PoolSettings) throws -> SessionPool {
        let pool = try SessionPool(name: "test", settings) { () throws(DatabaseError) in try self.connect() }
        pool.start()
        return pool
    }

    /// All connections break, as when the server ends.
    func breakAll() { state.withLock { $0.oldest = $0.attempts + 1 } }

    var log: [String] { state.withLock { $0.log } }
}

private final class ScriptedSession: DatabaseSession {
    private let database: ScriptedDatabase
    private let number: Int
    private(set) var isBroken = false
    private(set) var needsReset = false

    init(_ database: ScriptedDatabase, _ number: Int) { (self.database, self.number) = (database, number) }

    deinit { database.state.withLock { $0.open -= 1 } }

    func run(_ command: Command, _ limits: RunLimits) throws(DatabaseError) -> StatementResult {
        let text = command.statement.text
        let gate = database.state.withLock {
            $0.log.append("\(number): \(text)")
            return $0.gate
        }
        if text == "wait", let gate { _ = gate.wait() }
        try look()
        if text == "late", readMonotonicClock() >= limits.deadline { throw DatabaseError(.timeout, "it is too late") }
        if text == "dirty" { needsReset = true }
        if text == "wrong" { throw DatabaseError(.syntax, "it is wrong") }
        if text == "fail" { throw DatabaseError(.constraint, "it fails") }
        if text == "clash" {
            let clashes = database.state.withLock { state in
                state.conflicts -= 1
                return state.conflicts >= 0
            }
            if clashes { throw DatabaseError(.conflict, "another transaction was first") }
        }
        return StatementResult()
    }

    /// "rows N": batches of one row, from 1 to N.
    func read(
        _ command: Command, _ limits: RunLimits, batchBytes: Int, _ next: (StatementResult) -> RunLimits?
    ) throws(DatabaseError) -> StatementResult {
        _ = try run(command, limits)
        var (batch, limits) = (StatementResult(), limits)
        batch.columns = ["n"]
        let count = Int(command.statement.text.split(separator: " ").last ?? "") ?? 1
        for number in 1...count {
            try look()
            if readMonotonicClock() >= limits.deadline { throw DatabaseError(.timeout, "it is too late") }
            batch.values.removeAll()
            batch.values.append(.integer(Int64(number)))
            batch.isPartial = number < count
            guard batch.isPartial else { break }
            guard let granted = next(batch) else {
                note("ended after \(number)")
                return StatementResult()
            }
            limits = granted
        }
        return batch
    }

    func begin(readsOnly: Bool) throws(DatabaseError) { note(readsOnly ? "begin to read" : "begin") }
    func commit() throws(DatabaseError) { note("commit") }
    func rollBack() throws(DatabaseError) { database.state.withLock { $0.rollbacks += 1 } }

    func reset() throws(DatabaseError) {
        note("reset")
        try look()
        needsReset = false
    }

    func check() throws(DatabaseError) {
        database.state.withLock { $0.checks += 1 }
        try look()
    }

    private func note(_ text: String) { database.state.withLock { $0.log.append("\(number): \(text)") } }

    private func look() throws(DatabaseError) {
        isBroken = database.state.withLock { number < $0.oldest }
        if isBroken { throw DatabaseError(.away, "the connection is lost") }
    }
}

/// Reads batch by batch, as a plugin does.
final class Reader: Sendable {
    let cursor: Cursor
    let first = Reply<Job.Outcome>()

    init(_ pool: SessionPool, _ text: String, end: UInt64 = .max) {
        let first = first
        cursor = Cursor(batchBytes: 1) { first.set($0) }
        var job = Job(rows: Command(Statement(number: 0, text: text)), for: cursor)
        job.end = end
        if let error = pool.submit(job) { job.answer(.failure(error)) }
    }

    /// The row of the next batch; nil: it is the last.
    func next(end: UInt64 = .max) throws -> (number: Int64, hasMore: Bool) {
        let reply = Reply<Job.Outcome>()
        try #require(cursor.ask(label: 0, end: end) { reply.set($0) } == nil)
        return try Self.row(reply.wait())
    }

    static func row(_ outcome: Job.Outcome) throws -> (number: Int64, hasMore: Bool) {
        let result = try outcome.get()[0]
        var number: Int64 = 0
        result.values.visit { _, value in if case .integer(let found) = value { number = found } }
        return (number, result.isPartial)
    }
}

extension SessionPool {
    func begin(_ texts: [String], isQuery: Bool = false, deadline: UInt64 = .max) -> Reply<Job.Outcome> {
        begin(.commands(texts.map { Command(Statement(number: 0, text: $0)) }), isQuery: isQuery, deadline: deadline)
    }

    func begin(
        _ work: Job.Work, isQuery: Bool = false, deadline: UInt64 = .max, end: UInt64 = .max
    ) -> Reply<Job.Outcome> {
        let reply = Reply<Job.Outcome>()
        var job = Job(work, isQuery: isQuery, deadline: deadline, answer: { reply.set($0) })
        job.end = end
        if let error = submit(job) { reply.set(.failure(error)) }
        return reply
    }

    func run(_ texts: String..., isQuery: Bool = false) -> DatabaseError.Class? {
        if case .failure(let error) = begin(texts, isQuery: isQuery).wait() { error.kind } else { nil }
    }
}

/// Waits for something that other threads do.
func waitUntil(_ what: String, _ condition: () -> Bool) throws {
    var time = WaitingTime(until: .after(milliseconds: 20_000))
    while !condition() {
        guard time.next() != nil else { throw NotHappened(what: what) }
        sched_yield()
    }
}

struct NotHappened: Error { let what: String }
