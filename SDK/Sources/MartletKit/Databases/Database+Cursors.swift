import CMartlet

/// Names rows that are still to come, of a statement that `Database.select` has begun. A session may keep it, also in what it saves for another
/// version of the plugin.
public struct SQLCursor: RawRepresentable, Hashable, Sendable, Codable {
    /// `martlet_cursor`, not 0.
    public let rawValue: UInt64
    /// - Parameter rawValue: `martlet_cursor`, not 0.
    public init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// Some of the rows of a statement. Valid until the function returns that got them.
public struct SQLBatch {
    /// The rows.
    public let rows: SQLRows
    /// For `Database.next`; nil: these were the last rows.
    public let cursor: SQLCursor?
}

extension Database {
    /// Runs a statement that only reads, and gives out its rows in batches, at the pace of the plugin. `done` gets the first ones. If there are
    /// more, it gets a cursor, with which `next` asks for them. [any]
    ///
    ///     database.select(plugin.all(), for: connection.id) { result, access in
    ///         guard let access, case .success(let batch) = result else { return }
    ///         for row in batch.rows { access.connection.write("\(row.text(0) ?? "")\n") }
    ///         access.session.cursor = batch.cursor
    ///     }
    ///
    /// An open cursor keeps a connection of the pool. It ends with its last rows, with an error, with `close`, with its connection (of none: with
    /// the instance), when nobody calls `next` for `cursor_timeout`, and after `max_lifetime`. Cursors get all connections of a pool but one.
    ///
    /// - Parameters:
    ///   - command: a statement with its parameters.
    ///   - connection: whose loop runs `done`; `.none`: any loop.
    ///   - batchBytes: a batch ends with the row with which its values have so many bytes; at most `max_result`.
    ///   - timeout: from now until the first batch must be there; nil: `acquire_timeout` and `statement_timeout` of the database.
    ///   - done: gets the first batch. [loop]
    /// - Returns: as `execute`. Unless it returns `ok`, `done` is not called.
    public func select(
        _ command: SQLCommand, for connection: ConnectionID = .none, batchBytes: Int = 64 << 10,
        timeout: Duration? = nil,
        done: @escaping @Sendable (Result<SQLBatch, DatabaseError>, SessionAccess<P>?) -> Void
    ) -> HostResult {
        call(BatchCall(done), true, connection, timeout) { call in
            [command].withHostCommands {
                functions.pointee.select(instance, call, $0.baseAddress!, UInt32(clamping: max(batchBytes, 1)))
            }
        }
    }

    /// Asks for the next rows of a cursor. After an error there is no cursor any more. [any]
    ///
    /// - Parameters:
    ///   - cursor: that of the last batch.
    ///   - connection: that of `select`.
    ///   - timeout: from now until the batch must be there; nil: `statement_timeout` of the database.
    ///   - done: gets the batch. [loop]
    /// - Returns: `ok`; `argument` (another connection, or the last `next` is not answered yet), `closed` (there is no such cursor any more, or
    ///   it is in another host), `busy`, `stopping`. Unless it returns `ok`, `done` is not called.
    public func next(
        _ cursor: SQLCursor, for connection: ConnectionID = .none, timeout: Duration? = nil,
        done: @escaping @Sendable (Result<SQLBatch, DatabaseError>, SessionAccess<P>?) -> Void
    ) -> HostResult {
        call(BatchCall(done), true, connection, timeout) {
            functions.pointee.next(instance, $0, cursor.rawValue)
        }
    }

    /// Ends a cursor early. If an answer is on its way, it has the last rows. [any]
    ///
    /// - Parameter cursor: that of the last batch.
    /// - Returns: `ok`; `closed`: there is no such cursor any more.
    @discardableResult
    public func close(_ cursor: SQLCursor) -> HostResult {
        HostResult(rawValue: functions.pointee.close(instance, cursor.rawValue))
    }
}

private final class BatchCall<P: Plugin>: DatabaseCall {
    private let done: (Result<SQLBatch, DatabaseError>, SessionAccess<P>?) -> Void

    init(_ done: @escaping (Result<SQLBatch, DatabaseError>, SessionAccess<P>?) -> Void) { self.done = done }

    override func answer(
        _ env: UnsafePointer<martlet_env>, _ handle: OpaquePointer?, _ session: UnsafeMutableRawPointer?,
        _ answer: UnsafePointer<martlet_answer>
    ) {
        let session = SessionAccess<P>(env, handle, session)
        if let error = DatabaseError(answer) { return done(.failure(error), session) }
        let cursor = answer.pointee.cursor
        done(
            .success(
                SQLBatch(
                    rows: SQLRows(answer.pointee.rows), cursor: cursor == 0 ? nil : SQLCursor(rawValue: cursor))),
            session)
    }
}
