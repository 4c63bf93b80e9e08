/// A connection to a database, with blocking calls. One thread uses it at a time. It is closed when the object is destroyed.
package protocol DatabaseSession: AnyObject {
    /// Runs a statement and reads all of its rows.
    func run(_ command: Command, _ limits: RunLimits) throws(DatabaseError) -> StatementResult

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

    package init(_ job: Job, since: UInt64) {
        (origin, self.since) = (job.origin, since)
        statement = if case .commands(let commands) = job.work { commands.first?.statement.text ?? "" } else { "" }
    }
}
