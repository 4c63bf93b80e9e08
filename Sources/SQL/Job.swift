/// Something for a database to do: statements in one transaction, or a function that runs some.
package struct Job: Sendable {
    package typealias Outcome = Result<[StatementResult], DatabaseError>

    /// Runs on a thread of the database, and again from the beginning if another transaction was faster. What it throws undoes what it
    /// has done. It must not use the runner afterwards.
    package typealias Function = @Sendable (any StatementRunner) throws(DatabaseError) -> Void

    package enum Work: Sendable {
        /// At least one.
        case commands([Command])
        /// One that only reads. The cursor gets each batch of its rows.
        case rows(Command, Cursor)
        case transaction(Function)
        /// Outside of a transaction: what a statement has done stays. Of MariaDB only.
        case session(Function)
    }

    /// For whom it is.
    package struct Origin: Sendable, Equatable {
        /// Names an instance.
        package var label: UInt32 = 0
        /// 0: no connection in particular.
        package var connection: UInt64 = 0

        package init(label: UInt32 = 0, connection: UInt64 = 0) { (self.label, self.connection) = (label, connection) }
    }

    package var work: Work
    /// It only reads.
    package var isQuery: Bool
    /// When it must have begun, and when it must have ended: CLOCK_MONOTONIC, nanoseconds.
    package var deadline: UInt64
    package var end: UInt64 = .max
    package var origin = Origin()
    /// Called exactly once, on a thread of the database, when the changes are durable. Must not block.
    private let deliver: @Sendable (Outcome) -> Void
    /// Is woken after the answer, and after several answers once; nil: nobody sleeps.
    package var sleeper: (any Sleeper)?

    package init(
        _ work: Work, isQuery: Bool = false, deadline: UInt64 = .max, answer: @escaping @Sendable (Outcome) -> Void
    ) {
        (self.work, self.isQuery, self.deadline, deliver) = (work, isQuery, deadline, answer)
    }

    package init(
        _ commands: [Command], isQuery: Bool = false, deadline: UInt64 = .max,
        answer: @escaping @Sendable (Outcome) -> Void
    ) {
        self.init(.commands(commands), isQuery: isQuery, deadline: deadline, answer: answer)
    }

    package func answer(_ outcome: Outcome) {
        deliver(outcome)
        sleeper?.wake()
    }

    /// Answers jobs in their order.
    package static func answer(_ jobs: [Job], _ outcomes: [Outcome]) {
        var last: (any Sleeper)?
        for index in jobs.indices {
            let sleeper = jobs[index].sleeper
            if let last, last !== sleeper { last.wake() }
            last = sleeper
            jobs[index].deliver(outcomes[index])
        }
        last?.wake()
    }

    /// The rows of a statement for a cursor, which gets the first batch instead of an answer.
    package init(rows command: Command, for cursor: Cursor, deadline: UInt64 = .max) {
        self.init(.rows(command, cursor), isQuery: true, deadline: deadline) { cursor.answer($0) }
        origin = cursor.origin
    }

    package var cursor: Cursor? { if case .rows(_, let cursor) = work { cursor } else { nil } }

    /// Of a statement that is its own transaction; nil: there are more, a function, or rows for a cursor.
    package var onlyCommand: Command? {
        if case .commands(let commands) = work, commands.count == 1 { commands[0] } else { nil }
    }

    /// How much a statement that begins now may return, and when it must have ended.
    ///
    /// - Parameter statementNanoseconds: how long a statement may take; 0: as long as it likes.
    package func limits(_ resultBytes: Int, statementNanoseconds: UInt64, now: UInt64) -> RunLimits {
        let own = statementNanoseconds == 0 ? .max : now.adding(saturating: statementNanoseconds)
        return RunLimits(resultBytes: resultBytes, deadline: min(own, end), readsOnly: isQuery)
    }

    /// Runs the statements of the work, which is not `rows`. Throws if all that they have done is to be undone.
    ///
    /// - Parameter run: runs one of them, which may return so many bytes.
    package func perform(
        resultBytes: Int, _ run: @escaping (Command, Int) throws(DatabaseError) -> StatementResult
    ) throws(DatabaseError) -> [StatementResult] {
        switch work {
        case .rows: preconditionFailure("rows are read by DatabaseSession.read")
        case .commands(let commands):
            let runner = JobRunner(resultBytes, run)
            var results: [StatementResult] = []
            results.reserveCapacity(commands.count)
            for command in commands {
                let result = try runner.run(command)
                runner.room -= result.values.byteCount
                results.append(result)
            }
            return results
        case .transaction(let function):
            let runner = JobRunner(resultBytes, run)
            do throws(DatabaseError) {
                try function(runner)
            } catch {
                throw runner.failure ?? error
            }
            // It may have ignored the failure.
            if let failure = runner.failure { throw failure }
            return []
        case .session(let function):
            let runner = JobRunner(resultBytes, run)
            runner.goesOn = true
            try function(runner)
            return []
        }
    }
}

/// Somebody who gets answers, and may sleep.
package protocol Sleeper: AnyObject, Sendable {
    /// From any thread. What was delivered before is seen by whoever it wakes.
    func wake()
}

/// What a statement may return, and when it must have ended.
package struct RunLimits: Sendable, Equatable {
    /// The most bytes of a result. A larger one is `tooLarge`, and none of it is left to be read.
    package var resultBytes: Int
    /// CLOCK_MONOTONIC, nanoseconds; `.max`: none.
    package var deadline: UInt64 = .max
    /// It must change nothing.
    package var readsOnly = false

    package init(resultBytes: Int, deadline: UInt64 = .max, readsOnly: Bool = false) {
        (self.resultBytes, self.deadline, self.readsOnly) = (resultBytes, deadline, readsOnly)
    }
}

/// Runs statements for a function.
package protocol StatementRunner: AnyObject {
    /// A statement that breaks a rule of the schema has done nothing, and the transaction goes on. After any other error
    /// it cannot: the next statements fail as this one did, and nothing is committed.
    func run(_ command: Command) throws(DatabaseError) -> StatementResult
}

private final class JobRunner: StatementRunner {
    private let body: (Command, Int) throws(DatabaseError) -> StatementResult
    /// Bytes that results may still have.
    var room: Int
    /// Why nothing can be committed any more.
    private(set) var failure: DatabaseError?
    /// What was done stays done, whatever fails.
    var goesOn = false

    init(_ room: Int, _ body: @escaping (Command, Int) throws(DatabaseError) -> StatementResult) {
        (self.room, self.body) = (room, body)
    }

    func run(_ command: Command) throws(DatabaseError) -> StatementResult {
        if let failure { throw failure }
        do throws(DatabaseError) {
            return try body(command, room)
        } catch {
            if error.kind != .constraint, !goesOn { failure = error }
            throw error
        }
    }
}
