import SQL
import Threads

/// A database in memory that answers at once, on the thread that asks: for simulations.
package final class MemoryDatabase: Database, @unchecked Sendable {
    package let name: String
    private let numbers = StatementNumbers()
    private let lock = Monitor()
    /// Guarded by the lock.
    private let batch: SQLiteBatch

    package init(name: String) throws(DatabaseError) {
        self.name = name
        batch = try SQLiteBatch(SQLiteConnection(":memory:", .write), SQLiteSettings())
    }

    package func statement(_ text: String) -> Statement { numbers.statement(text) }

    package func submit(_ job: Job) -> DatabaseError? {
        var outcome = lock.locked { batch.run([job]) }[0]
        if job.isQuery, case .success(let results) = outcome, results.contains(where: { $0.changes > 0 }) {
            outcome = .failure(DatabaseError(.readOnly, "a query has changed something: use execute without QUERY"))
        }
        job.answer(outcome)
        return nil
    }
}

/// Databases in memory under whatever name a plugin asks for. Each begins empty.
package final class MemoryDatabases: DatabaseDirectory, @unchecked Sendable {
    private let lock = Monitor()
    private var databases: [String: MemoryDatabase] = [:]

    package init() {}

    package func database(_ name: String) -> (any Database)? {
        lock.locked {
            if let known = databases[name] { return known }
            let made = try? MemoryDatabase(name: name)
            databases[name] = made
            return made
        }
    }
}
