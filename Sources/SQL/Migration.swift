import Synchronization
import Threads

/// Brings the tables of a plugin up to date: statements that each change the schema from one version to the next.
///
/// How many have been run is in the table `martlet_schemas`. SQLite runs them in one transaction. MariaDB commits whenever a schema
/// changes, so there each step is noted before and after it is run, under a lock of the server (GET_LOCK).
package struct Migration: Sendable {
    package struct Problem: Error, Sendable, Equatable {
        package let text: String
        /// The database is newer than the plugin.
        package var isNewer = false
    }

    package let database: any Database
    private let schema: String
    private let steps: [String]

    package init(_ database: any Database, _ schema: String, _ steps: [String]) {
        (self.database, self.schema, self.steps) = (database, schema, steps)
    }

    package func run(by deadline: Deadline) throws(Problem) {
        if try isDone(by: deadline) { return }
        let found = Found()
        let work: Job.Work =
            switch database.dialect {
            case .sqlite:
                .transaction { runner throws(DatabaseError) in
                    try makeTable(runner)
                    try advance(runner, found)
                }
            case .mariaDB: .session { runner throws(DatabaseError) in try runLocked(runner, found, by: deadline) }
            }
        guard case .failure(let error) = try ask(work, by: deadline) else { return }
        throw found.problem.withLock { $0 } ?? Problem(text: error.text)
    }

    /// Usually nothing is to be done, and then no lock is needed.
    private func isDone(by deadline: Deadline) throws(Problem) -> Bool {
        guard case .success(let results) = try ask(.commands([select]), isQuery: true, by: deadline) else {
            // The table is not there, or the database is away, which is found out again.
            return false
        }
        return results[0].values.integers.first == Int64(steps.count)
    }

    private func ask(_ work: Job.Work, isQuery: Bool = false, by deadline: Deadline) throws(Problem) -> Job.Outcome {
        let reply = Reply<Job.Outcome>()
        var job = Job(work, isQuery: isQuery, deadline: deadline.nanoseconds) { reply.set($0) }
        job.end = deadline.nanoseconds
        if let error = database.submit(job) { throw Problem(text: error.text) }
        guard let outcome = reply.wait(until: deadline) else { throw Problem(text: "it does not answer") }
        return outcome
    }

    /// What a function on a thread of the database has found out.
    private final class Found: Sendable {
        let problem = Mutex<Problem?>(nil)

        func fail(_ text: String, isNewer: Bool = false) -> DatabaseError {
            problem.withLock { $0 = Problem(text: text, isNewer: isNewer) }
            return DatabaseError(.undone, text)
        }
    }

    // MARK: On a thread of the database

    private func runLocked(
        _ runner: any StatementRunner, _ found: Found, by deadline: Deadline
    ) throws(DatabaseError) {
        let now = readMonotonicClock()
        let seconds = (max(deadline.nanoseconds, now) - now) / 1_000_000_000
        // A name of at most 64 characters that a schema of any name has.
        let lock = "martlet schema"
        let got = try ask(runner, "SELECT GET_LOCK(?, ?)", lock, .integer(Int64(clamping: min(seconds, 86_400))))
        guard got == 1 else { throw found.fail("another server is changing the schemas of this database") }
        do throws(DatabaseError) {
            do throws(DatabaseError) {
                _ = try version(runner)
            } catch {
                // Only now: a user may not be allowed to make tables when all of them are there.
                guard error.kind == .syntax else { throw error }
                try makeTable(runner)
            }
            try advance(runner, found)
        } catch {
            _ = try? ask(runner, "SELECT RELEASE_LOCK(?)", lock)
            throw error
        }
        _ = try ask(runner, "SELECT RELEASE_LOCK(?)", lock)
    }

    private func makeTable(_ runner: any StatementRunner) throws(DatabaseError) {
        let table =
            "CREATE TABLE IF NOT EXISTS martlet_schemas "
            + "(name VARCHAR(190) PRIMARY KEY, version INTEGER NOT NULL, begun INTEGER NOT NULL)"
        _ = try runner.run(Command(database.statement(table)))
    }

    private func advance(_ runner: any StatementRunner, _ found: Found) throws(DatabaseError) {
        let (version, begun) = try version(runner)
        guard version <= steps.count else {
            throw found.fail(
                "it has version \(version), and the plugin knows only \(steps.count): it is older than the database",
                isNewer: true)
        }
        for step in version..<steps.count {
            if database.dialect == .mariaDB { try note(runner, version: step, begun: step + 1) }
            do throws(DatabaseError) {
                _ = try runner.run(Command(database.statement(steps[step])))
            } catch {
                let again =
                    begun == step + 1
                    ? "; a server began this step before and has not finished it: if it is complete, set version to "
                        + "\(begun) in martlet_schemas" : ""
                throw found.fail("step \(step + 1) fails: \(error.text)\(again)")
            }
            try note(runner, version: step + 1, begun: step + 1)
        }
    }

    private var select: Command {
        var parameters = ValueList()
        parameters.append(schema)
        return Command(database.statement("SELECT version, begun FROM martlet_schemas WHERE name = ?"), parameters)
    }

    private func version(_ runner: any StatementRunner) throws(DatabaseError) -> (version: Int, begun: Int) {
        let numbers = try runner.run(select).values.integers
        return numbers.count == 2 ? (Int(numbers[0]), Int(numbers[1])) : (0, 0)
    }

    private func note(_ runner: any StatementRunner, version: Int, begun: Int) throws(DatabaseError) {
        var parameters = ValueList()
        parameters.append(schema)
        parameters.append(.integer(Int64(version)))
        parameters.append(.integer(Int64(begun)))
        _ = try runner.run(Command(database.statement("REPLACE INTO martlet_schemas VALUES (?, ?, ?)"), parameters))
    }

    /// A statement with one number as its result.
    private func ask(
        _ runner: any StatementRunner, _ text: String, _ first: String, _ second: ValueView? = nil
    ) throws(DatabaseError) -> Int64? {
        var parameters = ValueList()
        parameters.append(first)
        if let second { parameters.append(second) }
        return try runner.run(Command(database.statement(text), parameters)).values.integers.first
    }
}

extension ValueList {
    /// Those of its values that are integers.
    fileprivate var integers: [Int64] {
        var found: [Int64] = []
        visit { _, value in if case .integer(let number) = value { found.append(number) } }
        return found
    }
}
