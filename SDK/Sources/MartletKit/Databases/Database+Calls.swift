import CMartlet

extension Database {
    /// Runs statements in one transaction: all of them or none. `done` runs on the loop of the connection, exactly once, when the changes are
    /// durable. Its session is nil under the same conditions as in `Host.submit`. [any]
    ///
    /// - Parameters:
    ///   - commands: 1 to 1,024.
    ///   - isQuery: they only read. So they do not wait for those who write, and may run again if a connection breaks.
    ///   - connection: whose loop runs `done`; `.none`: any loop.
    ///   - timeout: from now until it must be done; nil: `acquire_timeout` and `statement_timeout` of the database.
    ///   - done: gets the rows of each command. [loop]
    /// - Returns: `ok`; `argument` (no commands, too many, or of another database), `busy` (that loop has no room for another answer),
    ///   `stopping`. Unless it returns `ok`, `done` is not called.
    public func execute(
        _ commands: [SQLCommand], isQuery: Bool = false, for connection: ConnectionID = .none,
        timeout: Duration? = nil,
        done: @escaping @Sendable (Result<[SQLRows], DatabaseError>, SessionAccess<P>?) -> Void
    ) -> HostResult {
        call(ExecuteCall(done), isQuery, connection, timeout) { call in
            commands.withHostCommands { functions.pointee.execute(instance, call, $0.baseAddress, $0.count) }
        }
    }

    /// Opens a transaction and runs `body` in it, on a thread of the database, so that a statement can depend on the rows of another. Then
    /// `done` runs as in `execute`. [any]
    ///
    /// What `body` throws undoes the transaction and comes to `done`. `body` runs again from its beginning if another transaction was faster.
    /// It must wait for nothing but the database: with SQLite, all who write wait for it. `limits.hang_timeout` applies.
    ///
    /// - Parameters:
    ///   - isQuery: it only reads. So it does not wait for those who write, and may run again if a connection breaks.
    ///   - connection: whose loop runs `done`; `.none`: any loop.
    ///   - timeout: from now until it must be done; nil: `acquire_timeout` and `statement_timeout` of the database.
    ///   - body: gets the transaction, and must not keep it. [database]
    ///   - done: gets what `body` has returned. [loop]
    /// - Returns: as `execute`.
    public func transact<Answer: Sendable>(
        isQuery: Bool = false, for connection: ConnectionID = .none, timeout: Duration? = nil,
        _ body: @escaping @Sendable (SQLTransaction) throws(DatabaseError) -> Answer,
        done: @escaping @Sendable (Result<Answer, DatabaseError>, SessionAccess<P>?) -> Void
    ) -> HostResult {
        call(TransactCall(functions, body, done), isQuery, connection, timeout) {
            functions.pointee.transact(instance, $0, number, DatabaseCall.transact)
        }
    }

    func call(
        _ call: DatabaseCall, _ isQuery: Bool, _ connection: ConnectionID, _ timeout: Duration?,
        _ body: (UnsafePointer<martlet_database_call>) -> martlet_result
    ) -> HostResult {
        let retained = Unmanaged.passRetained(call)
        var given = martlet_database_call()
        given.size = UInt32(MemoryLayout<martlet_database_call>.size)
        given.flags = isQuery ? MARTLET_EXECUTE_QUERY : 0
        given.connection = connection.rawValue
        given.timeout_milliseconds = timeout.map { UInt32(clamping: max($0.wholeMilliseconds, 1)) } ?? 0
        given.answered = DatabaseCall.answered
        given.context = retained.toOpaque()
        let result = HostResult(rawValue: body(&given))
        if !result.isAccepted { retained.release() }
        return result
    }
}

/// An open transaction. Valid until the body returns that got it.
public struct SQLTransaction {
    let functions: UnsafePointer<martlet_databases>
    let handle: OpaquePointer

    /// Runs a statement. Its rows are valid until the next one. [database]
    ///
    /// - Throws: after `constraint` the transaction goes on without what the statement would have done. After any other error nothing
    ///   can be committed any more.
    @discardableResult
    public func run(_ command: SQLCommand) throws(DatabaseError) -> SQLRows {
        let answer = [command].withHostCommands { functions.pointee.run(handle, $0.baseAddress!)! }
        if let error = DatabaseError(answer) { throw error }
        return SQLRows(answer.pointee.rows)
    }
}

/// What waits for an answer. Its address is the one pointer that the host passes back.
class DatabaseCall {
    func run(_ transaction: OpaquePointer) -> martlet_result { MARTLET_OK }
    func answer(
        _ env: UnsafePointer<martlet_env>, _ handle: OpaquePointer?, _ session: UnsafeMutableRawPointer?,
        _ answer: UnsafePointer<martlet_answer>
    ) {}

    static let transact: martlet_transact = { transaction, context in
        Unmanaged<DatabaseCall>.fromOpaque(context!).takeUnretainedValue().run(transaction!)
    }

    static let answered: martlet_answered = { env, context, handle, session, answer in
        // This is the host's last call: the reference is released here.
        Unmanaged<DatabaseCall>.fromOpaque(context!).takeRetainedValue().answer(env!, handle, session, answer!)
    }
}

private final class ExecuteCall<P: Plugin>: DatabaseCall {
    private let done: (Result<[SQLRows], DatabaseError>, SessionAccess<P>?) -> Void

    init(_ done: @escaping (Result<[SQLRows], DatabaseError>, SessionAccess<P>?) -> Void) { self.done = done }

    override func answer(
        _ env: UnsafePointer<martlet_env>, _ handle: OpaquePointer?, _ session: UnsafeMutableRawPointer?,
        _ answer: UnsafePointer<martlet_answer>
    ) {
        let session = SessionAccess<P>(env, handle, session)
        if let error = DatabaseError(answer) { return done(.failure(error), session) }
        done(.success((0..<answer.pointee.rows_count).map { SQLRows(answer.pointee.rows! + $0) }), session)
    }
}

private final class TransactCall<P: Plugin, Answer>: DatabaseCall {
    private let functions: UnsafePointer<martlet_databases>
    private let body: (SQLTransaction) throws(DatabaseError) -> Answer
    private let done: (Result<Answer, DatabaseError>, SessionAccess<P>?) -> Void
    /// Of the last time that the body ran.
    private var outcome: Result<Answer, DatabaseError>?

    init(
        _ functions: UnsafePointer<martlet_databases>,
        _ body: @escaping (SQLTransaction) throws(DatabaseError) -> Answer,
        _ done: @escaping (Result<Answer, DatabaseError>, SessionAccess<P>?) -> Void
    ) {
        (self.functions, self.body, self.done) = (functions, body, done)
    }

    override func run(_ transaction: OpaquePointer) -> martlet_result {
        do throws(DatabaseError) {
            outcome = .success(try body(SQLTransaction(functions: functions, handle: transaction)))
            return MARTLET_OK
        } catch {
            outcome = .failure(error)
            return MARTLET_ERROR_CLOSED
        }
    }

    override func answer(
        _ env: UnsafePointer<martlet_env>, _ handle: OpaquePointer?, _ session: UnsafeMutableRawPointer?,
        _ answer: UnsafePointer<martlet_answer>
    ) {
        let session = SessionAccess<P>(env, handle, session)
        // What the body has thrown is more than the host knows.
        if let error = DatabaseError(answer), error.kind != .undone || outcome == nil {
            return done(.failure(error), session)
        }
        done(outcome!, session)
    }
}
