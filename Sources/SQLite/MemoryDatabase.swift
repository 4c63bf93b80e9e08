import SQL
import Synchronization
import Threads

/// A database in memory that answers at once, on the thread that asks: for simulations. If several threads ask, one answers all.
package final class MemoryDatabase: Database, @unchecked Sendable {
    package let name: String
    package let dialect = SQLDialect.sqlite
    private let numbers = StatementNumbers()
    private let lock = Monitor()
    // Guarded by the lock.
    private var waiting: [Job] = []
    private var isRunning = false

    /// Used by who runs the jobs that wait.
    private let batch: SQLiteBatch

    package init(name: String) throws(DatabaseError) {
        self.name = name
        batch = try SQLiteBatch(SQLiteConnection(SQLiteConnection.inMemory, .write), SQLiteSettings())
    }

    package func statement(_ text: String) -> Statement { numbers.statement(text) }

    package func submit(_ job: Job) -> DatabaseError? {
        let isFirst = lock.locked {
            waiting.append(job)
            defer { isRunning = true }
            return !isRunning
        }
        // A job that comes from inside another one, as from the function of a transaction, is run after that.
        guard isFirst else { return nil }
        while let next = takeNext() {
            var jobs = [next]
            let outcomes = batch.run(&jobs)
            Job.answer(jobs, outcomes)
        }
        return nil
    }

    /// nil: there is none, and nobody runs jobs any more.
    private func takeNext() -> Job? {
        lock.locked {
            isRunning = !waiting.isEmpty
            return waiting.isEmpty ? nil : waiting.removeFirst()
        }
    }
}

/// Databases in memory under whatever name a plugin asks for. Each begins empty.
package final class MemoryDatabases: DatabaseDirectory {
    private let databases = Mutex<[String: MemoryDatabase]>([:])
    package let cursors = CursorDirectory(first: 1)

    package init() {}

    package func database(_ name: String) throws(DatabaseError) -> (any Database)? {
        try databases.withLock { databases throws(DatabaseError) in
            if let known = databases[name] { return known }
            let made = try MemoryDatabase(name: name)
            databases[name] = made
            return made
        }
    }
}
