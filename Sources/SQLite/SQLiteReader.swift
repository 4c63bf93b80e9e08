import SQL

/// A connection that only reads. It sees all that was committed before each statement, and never waits for the writer.
package final class SQLiteReader: DatabaseSession {
    private let connection: SQLiteConnection
    package private(set) var isBroken = false

    package init(_ path: String) throws(DatabaseError) {
        connection = try SQLiteConnection(path, .read)
    }

    package func run(_ command: Command, _ limits: RunLimits) throws(DatabaseError) -> StatementResult {
        try watchingForDamage { () throws(DatabaseError) in try connection.run(command, limits) }
    }

    package func read(
        _ command: Command, _ limits: RunLimits, batchBytes: Int, _ next: (StatementResult) -> RunLimits?
    ) throws(DatabaseError) -> StatementResult {
        try watchingForDamage { () throws(DatabaseError) in
            try connection.read(command, limits, batchBytes: batchBytes, next)
        }
    }

    private func watchingForDamage(
        _ body: () throws(DatabaseError) -> StatementResult
    ) throws(DatabaseError) -> StatementResult {
        do throws(DatabaseError) {
            return try body()
        } catch {
            isBroken = error.kind == .away || error.kind == .damaged
            throw error
        }
    }

    package func begin(readsOnly: Bool) throws(DatabaseError) { try connection.execute("BEGIN") }
    package func commit() throws(DatabaseError) { try connection.execute("COMMIT") }

    package func rollBack() throws(DatabaseError) {
        if !connection.isIdle { try connection.execute("ROLLBACK") }
    }

    /// SQLite has neither variables nor locks of its own, and tables that only a connection sees are not allowed.
    package var needsReset: Bool { false }
    package func reset() throws(DatabaseError) { try rollBack() }
    package func check() throws(DatabaseError) { try connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1") }
}
