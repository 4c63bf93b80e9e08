/// Something for a database to do: one statement, or several in one transaction.
package struct Job: Sendable {
    package typealias Outcome = Result<[StatementResult], DatabaseError>

    /// For whom it is.
    package struct Origin: Sendable, Equatable {
        /// Names an instance.
        package var label: UInt32 = 0
        /// 0: no connection in particular.
        package var connection: UInt64 = 0

        package init(label: UInt32 = 0, connection: UInt64 = 0) { (self.label, self.connection) = (label, connection) }
    }

    /// At least one.
    package var commands: [Command]
    /// It only reads.
    package var isQuery: Bool
    /// When it must have begun: CLOCK_MONOTONIC, nanoseconds.
    package var deadline: UInt64
    package var origin = Origin()
    /// Called exactly once, on a thread of the database, when the changes are durable. Must not block.
    package var answer: @Sendable (Outcome) -> Void

    package init(
        _ commands: [Command], isQuery: Bool = false, deadline: UInt64 = .max,
        answer: @escaping @Sendable (Outcome) -> Void
    ) {
        (self.commands, self.isQuery, self.deadline, self.answer) = (commands, isQuery, deadline, answer)
    }
}
