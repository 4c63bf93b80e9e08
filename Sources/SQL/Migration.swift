import Threads

/// Brings the tables of a plugin up to date: statements that each change the schema from one version to the next.
///
/// How many have been run is in the table `martlet_schemas`. The change of that number is the first statement of the transaction, and fails
/// if another host was faster; then it looks again.
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

    private static let attempts = 5

    package func run(by deadline: Deadline) throws(Problem) {
        for _ in 0..<Self.attempts {
            let version = try findVersion(by: deadline)
            guard version <= steps.count else {
                throw Problem(
                    text:
                        "it has version \(version), and the plugin knows only \(steps.count): it is older than the database",
                    isNewer: true)
            }
            if version == steps.count { return }
            if try advance(from: version, by: deadline) { return }
        }
        throw Problem(text: "others change its version again and again")
    }

    private func findVersion(by deadline: Deadline) throws(Problem) -> Int {
        var parameters = ValueList()
        parameters.append(schema)
        let select = database.statement("SELECT version FROM martlet_schemas WHERE name = ?")
        switch try ask([Command(select, parameters)], isQuery: true, by: deadline) {
        case .success(let results):
            var version = 0
            results.first?.values.visit { _, value in if case .integer(let number) = value { version = Int(number) } }
            return version
        case .failure(let error):
            // The table is not there yet.
            guard error.kind == .syntax else { throw Problem(text: "its version cannot be read: \(error.text)") }
            return 0
        }
    }

    /// False: another host was faster.
    private func advance(from version: Int, by deadline: Deadline) throws(Problem) -> Bool {
        var commands = [
            Command(
                database.statement(
                    "CREATE TABLE IF NOT EXISTS martlet_schemas (name TEXT PRIMARY KEY, version INTEGER NOT NULL)"))
        ]
        var parameters = ValueList()
        for _ in 0..<2 { parameters.append(schema) }
        for number in [version, steps.count] { parameters.append(.integer(Int64(number))) }
        // NULL, which the table does not allow, if the version is another one by now.
        let change = database.statement(
            """
            INSERT INTO martlet_schemas VALUES (?, (SELECT CASE WHEN coalesce((SELECT version FROM martlet_schemas WHERE name = ?), 0) = ? \
            THEN ? END)) ON CONFLICT (name) DO UPDATE SET version = excluded.version
            """)
        commands.append(Command(change, parameters))
        commands += steps[version...].map { Command(database.statement($0)) }
        switch try ask(commands, isQuery: false, by: deadline) {
        case .success: return true
        case .failure(let error):
            if error.kind == .constraint, try findVersion(by: deadline) != version { return false }
            throw Problem(text: "steps \(version + 1) to \(steps.count) fail: \(error.text)")
        }
    }

    private func ask(_ commands: [Command], isQuery: Bool, by deadline: Deadline) throws(Problem) -> Job.Outcome {
        let reply = Reply<Job.Outcome>()
        let job = Job(commands, isQuery: isQuery, deadline: deadline.nanoseconds) { reply.set($0) }
        if let error = database.submit(job) { throw Problem(text: error.text) }
        guard let outcome = reply.wait(until: deadline) else { throw Problem(text: "it does not answer") }
        return outcome
    }
}
