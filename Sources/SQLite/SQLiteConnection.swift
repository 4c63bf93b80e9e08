import CSQLite
import Glibc
import SQL
import Threads

/// A connection to a file of SQLite. One thread uses it at a time.
///
/// Plugins write the statements, so an authorizer refuses what belongs to the host: ATTACH, PRAGMA, transactions, temporary tables.
final class SQLiteConnection {
    enum Access { case write, read }

    let handle: OpaquePointer
    /// What has been prepared, by the number of the statement.
    private var prepared: [Int: PreparedStatement] = [:]
    /// The host's own statements may do everything.
    private var isTrusted = true
    /// CLOCK_MONOTONIC, nanoseconds, at which the running statement is interrupted.
    let deadline = UnsafeMutablePointer<UInt64>.allocate(capacity: 1)
    /// What `last_insert_rowid()` was before the running statement.
    let earlierID = UnsafeMutablePointer<Int64>.allocate(capacity: 1)
    /// Instead of the deadline.
    private var goesOn: (() -> Bool)?

    /// Instead of a path: a database without a file.
    static let inMemory = ":memory:"

    /// Opens a file. A writer creates it if it is not there.
    init(_ path: String, _ access: Access) throws(DatabaseError) {
        // SQLite makes files that others can read. Those beside it get the rights of this one.
        if access == .write, path != Self.inMemory {
            close(Glibc.open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o600))
        }
        var opened: OpaquePointer?
        // Not SQLITE_OPEN_READONLY: a reader may have to recover the index of the log.
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (access == .write ? SQLITE_OPEN_CREATE : 0)
        let vfs = access == .write && path != Self.inMemory ? LogFile.vfsName : nil
        let code = sqlite3_open_v2(path, &opened, flags, vfs)
        guard code == SQLITE_OK, let opened else {
            let error = DatabaseError(sqlite: opened, code, doing: "open \(path)")
            sqlite3_close_v2(opened)
            throw error
        }
        handle = opened
        deadline.initialize(to: .max)
        earlierID.initialize(to: 0)
        try setUp(access)
    }

    deinit {
        prepared.removeAll()
        sqlite3_close_v2(handle)
        deadline.deallocate()
        earlierID.deallocate()
    }

    private func setUp(_ access: Access) throws(DatabaseError) {
        sqlite3_extended_result_codes(handle, 1)
        // Another program may hold a lock for a moment.
        sqlite3_busy_timeout(handle, 1_000)
        sqlite_set_flag(handle, SQLITE_DBCONFIG_DEFENSIVE, 1)
        sqlite_set_flag(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
        sqlite_set_flag(handle, SQLITE_DBCONFIG_ENABLE_FKEY, 1)
        sqlite3_limit(handle, SQLITE_LIMIT_ATTACHED, 0)
        // Only the writer makes checkpoints: two connections that write or checkpoint at once can damage the file (all versions
        // before 3.51.3). https://www.sqlite.org/wal.html#walresetbug
        sqlite3_wal_autocheckpoint(handle, 0)
        if access == .write {
            try execute("PRAGMA journal_mode = WAL")
            try execute("PRAGMA synchronous = FULL")
            // KiB. With SQLite's 2 MiB the writer reads a page of a large table for nearly each put.
            try execute("PRAGMA cache_size = -16384")
        } else {
            try execute("PRAGMA query_only = ON")
            sqlite_set_flag(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        }
        try addFunctions()
        let context = Unmanaged.passUnretained(self).toOpaque()
        sqlite3_set_authorizer(
            handle,
            { context, action, _, _, _, _ in
                let connection = Unmanaged<SQLiteConnection>.fromOpaque(context!).takeUnretainedValue()
                return connection.isTrusted ? SQLITE_OK : SQLiteConnection.judge(action)
            }, context)
        sqlite3_progress_handler(
            handle, 1_000,
            { context in
                let deadline = context!.assumingMemoryBound(to: UInt64.self).pointee
                return deadline < .max && readMonotonicClock() >= deadline ? 1 : 0
            }, deadline)
        isTrusted = false
    }

    /// `last_insert_id(number)` sets the `lastID` of the result, as LAST_INSERT_ID does in MariaDB. So an upsert can tell what it has made of a
    /// row. RETURNING costs as much as the upsert itself, because it makes a table for its rows.
    ///
    /// `last_insert_rowid()` is what it always was, although `run` sets it to 0 before each statement, to see whether that inserts a row.
    private func addFunctions() throws(DatabaseError) {
        var code = sqlite3_create_function_v2(
            handle, "last_insert_id", 1, SQLITE_UTF8 | SQLITE_DIRECTONLY, nil,
            { context, _, arguments in
                let number = sqlite3_value_int64(arguments?[0])
                sqlite3_set_last_insert_rowid(sqlite3_context_db_handle(context), number)
                sqlite3_result_int64(context, number)
            }, nil, nil, nil)
        guard code == SQLITE_OK else { throw DatabaseError(sqlite: handle, code, doing: "last_insert_id") }
        code = sqlite3_create_function_v2(
            handle, "last_insert_rowid", 0, SQLITE_UTF8 | SQLITE_INNOCUOUS, earlierID,
            { context, _, _ in
                let earlier = sqlite3_user_data(context)!.assumingMemoryBound(to: Int64.self).pointee
                let own = sqlite3_last_insert_rowid(sqlite3_context_db_handle(context))
                sqlite3_result_int64(context, own != 0 ? own : earlier)
            }, nil, nil, nil)
        guard code == SQLITE_OK else { throw DatabaseError(sqlite: handle, code, doing: "last_insert_rowid") }
    }

    private static func judge(_ action: Int32) -> Int32 {
        switch action {
        case SQLITE_ATTACH, SQLITE_DETACH, SQLITE_PRAGMA, SQLITE_TRANSACTION, SQLITE_SAVEPOINT: SQLITE_DENY
        // Others that use the connection would see them.
        case SQLITE_CREATE_TEMP_INDEX, SQLITE_CREATE_TEMP_TABLE, SQLITE_CREATE_TEMP_TRIGGER, SQLITE_CREATE_TEMP_VIEW:
            SQLITE_DENY
        default: SQLITE_OK
        }
    }

    /// Has a function asked now and then, while a statement runs, whether it may go on. Instead of deadlines.
    func watch(_ goesOn: @escaping () -> Bool) {
        self.goesOn = goesOn
        sqlite3_progress_handler(
            handle, 10_000,
            { context in
                Unmanaged<SQLiteConnection>.fromOpaque(context!).takeUnretainedValue().goesOn?() == false ? 1 : 0
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    /// What a function prepares and runs is the host's own.
    func trusted<Value>(_ body: () throws(DatabaseError) -> Value) throws(DatabaseError) -> Value {
        isTrusted = true
        defer { isTrusted = false }
        return try body()
    }

    /// Runs statements of the host's own, without parameters or rows.
    func execute(_ text: String) throws(DatabaseError) {
        isTrusted = true
        defer { isTrusted = false }
        let code = sqlite3_exec(handle, text, nil, nil, nil)
        guard code == SQLITE_OK else { throw DatabaseError(sqlite: handle, code, doing: text) }
    }

    /// A statement of the host's own, without parameters or rows, prepared once.
    struct Own {
        fileprivate let statement: OpaquePointer
    }

    func prepareOwn(_ text: String) throws(DatabaseError) -> Own {
        isTrusted = true
        defer { isTrusted = false }
        var statement: OpaquePointer?
        let code = sqlite3_prepare_v3(handle, text, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil)
        guard code == SQLITE_OK, let statement else { throw DatabaseError(sqlite: handle, code, doing: text) }
        // Finalized with the others.
        prepared[-1 - prepared.count] = PreparedStatement(statement)
        return Own(statement: statement)
    }

    func execute(_ own: Own) throws(DatabaseError) {
        // SQLite prepares it again if the schema has changed.
        isTrusted = true
        defer { isTrusted = false }
        let code = sqlite3_step(own.statement)
        sqlite3_reset(own.statement)
        guard code == SQLITE_DONE else {
            throw DatabaseError(sqlite: handle, code, doing: String(cString: sqlite3_sql(own.statement)))
        }
    }

    /// Runs a COMMIT that was prepared.
    func commit(_ own: Own) throws(DatabaseError) {
        let log = LogFile.of(handle)
        log?.pointee.beginCommit()
        var isDone = false
        defer { log?.pointee.endCommit(isDone: isDone) }
        try execute(own)
        isDone = true
    }

    /// No transaction is open: none was begun, or it has ended, maybe because of an error.
    var isIdle: Bool { sqlite3_get_autocommit(handle) != 0 }

    /// Rows changed since the connection was opened, those included that were undone.
    var totalChanges: Int64 { sqlite3_total_changes64(handle) }

    // MARK: Statements of plugins

    /// What has been prepared for a statement.
    func prepare(_ statement: Statement) throws(DatabaseError) -> PreparedStatement {
        if let known = prepared[statement.number] { return known }
        var made: OpaquePointer?
        var rest: UnsafePointer<CChar>?
        let (code, isWhole) = statement.text.withCString { text in
            let code = sqlite3_prepare_v3(handle, text, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &made, &rest)
            return (code, rest.map { String(cString: $0).allSatisfy { $0.isWhitespace || $0 == ";" } } ?? true)
        }
        guard code == SQLITE_OK else { throw DatabaseError(sqlite: handle, code, doing: "prepare") }
        guard let made, isWhole else {
            sqlite3_finalize(made)
            throw DatabaseError(.syntax, "expected one statement, found \(made == nil ? "none" : "more")")
        }
        let new = PreparedStatement(made)
        prepared[statement.number] = new
        return new
    }

    /// Whether a statement changes nothing.
    func onlyReads(_ statement: Statement) throws(DatabaseError) -> Bool {
        sqlite3_stmt_readonly(try prepare(statement).handle) != 0
    }
}
