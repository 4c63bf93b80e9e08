/// A connection to a database, with blocking calls. One thread uses it at a time. It is closed when the object is destroyed.
package protocol DatabaseSession: AnyObject {
    /// Runs a statement and reads all of its rows.
    func run(_ command: Command, _ limits: RunLimits) throws(DatabaseError) -> StatementResult

    /// Runs a statement that only reads, and gives out its rows in batches. Not inside a transaction.
    ///
    /// - Parameters:
    ///   - limits: of the first batch. `resultBytes` is the most bytes of one row.
    ///   - batchBytes: a batch ends with the row with which it has so many bytes.
    ///   - next: gets each batch but the last. It may wait, for as long as it likes. Returns the limits of the next batch; nil: the rest is
    ///     not wanted, and `read` returns nothing more.
    /// - Returns: the last batch.
    func read(
        _ command: Command, _ limits: RunLimits, batchBytes: Int, _ next: (StatementResult) -> RunLimits?
    ) throws(DatabaseError) -> StatementResult

    func begin(readsOnly: Bool) throws(DatabaseError)
    func commit() throws(DatabaseError)
    /// Also where no transaction is open.
    func rollBack() throws(DatabaseError)

    /// Something is left of the statements that it has run: variables, locks, tables of its own.
    var needsReset: Bool { get }

    /// Makes it as it was when it was new.
    func reset() throws(DatabaseError)

    /// Asks whether the other end still answers.
    func check() throws(DatabaseError)

    /// It is of no use any more: the connection is lost, or in an unknown state.
    var isBroken: Bool { get }
}

/// A job that a connection runs.
package struct RunningJob: Sendable, Equatable {
    package let origin: Job.Origin
    /// CLOCK_MONOTONIC, nanoseconds.
    package let since: UInt64
    /// The text of the statement that runs, or has run last.
    package var statement: String
    /// Whose rows it reads.
    package let cursor: Cursor?

    package init(_ job: Job, since: UInt64) {
        (origin, self.since) = (job.origin, since)
        (statement, cursor) =
            switch job.work {
            case .commands(let commands): (commands.first?.statement.text ?? "", nil)
            case .rows(let command, let cursor): (command.statement.text, cursor)
            case .transaction, .session: ("", nil)
            }
    }

    package static func == (one: RunningJob, other: RunningJob) -> Bool {
        one.origin == other.origin && one.since == other.since && one.statement == other.statement
            && one.cursor === other.cursor
    }
}
