import SQL

/// A connection that only reads. It sees all that was committed before each statement, and never waits for the writer.
package final class SQLiteReader: DatabaseSession {
    private let connection: SQLiteConnection
    private let settings: SQLiteSettings
    package private(set) var isBroken = false

    package init(_ path: String, _ settings: SQLiteSettings = SQLiteSettings()) throws(DatabaseError) {
        self.settings = settings
        connection = try SQLiteConnection(path, .read)
    }

    package func run(_ command: Command, resultLimit: Int) throws(DatabaseError) -> StatementResult {
        do throws(DatabaseError) {
            return try connection.run(command, limit: resultLimit, deadline: settings.statementDeadline)
        } catch {
            isBroken = error.kind == .away || error.kind == .damaged
            throw error
        }
    }

    package func begin() throws(DatabaseError) { try connection.execute("BEGIN") }
    package func commit() throws(DatabaseError) { try connection.execute("COMMIT") }

    package func rollBack() throws(DatabaseError) {
        if !connection.isIdle { try connection.execute("ROLLBACK") }
    }

    package func reset() throws(DatabaseError) { try rollBack() }
    package func check() throws(DatabaseError) { try connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1") }
}
