import CMartlet
import Engine
import PluginABI
import SQL
import Threads

/// `martlet.database/1`
extension PluginInstance {
    func openDatabase(_ name: String) -> martlet_database {
        if isOutsideCreate("open") { return MARTLET_ERROR_CLOSED }
        guard let database = databases.database(name) else {
            refuse("", "there is no database \"\(name)\": martlet.toml has no table [databases.\(name)]")
            return MARTLET_ERROR_ARGUMENT
        }
        openDatabases.append(database)
        return martlet_database(openDatabases.count - 1)
    }

    func prepare(_ database: martlet_database, _ text: String) -> martlet_statement {
        if isOutsideCreate("prepare") { return MARTLET_ERROR_CLOSED }
        let place = Int(database)
        guard openDatabases.indices.contains(place) else { return MARTLET_ERROR_ARGUMENT }
        statements.append((place, openDatabases[place].statement(text)))
        return martlet_statement(statements.count - 1)
    }

    /// - Parameter database: an index into `openDatabases`.
    func execute(
        _ commands: [Command], of database: Int, isQuery: Bool, for connection: ConnectionID, _ answer: PendingAnswer
    ) -> martlet_result {
        guard let loop = engine.loop(of: connection) else { return MARTLET_ERROR_ARGUMENT }
        guard ledger.enter() else { return MARTLET_ERROR_STOPPING }
        let context = Unmanaged.passRetained(answer)
        // Reserves its place in the mailbox now, because the answer must not be lost.
        let promised = loop.promise(
            PendingAnswer.delivery, to: connection, context: context.toOpaque(), ledger: ledger, isAwaited: true)
        guard let promised else {
            context.release()
            return MARTLET_ERROR_BUSY
        }
        engine.await(connection)
        var job = Job(commands, isQuery: isQuery) { outcome in
            answer.outcome = outcome
            loop.deliver(promised)
        }
        job.origin = Job.Origin(label: label, connection: connection.rawValue)
        if let error = openDatabases[database].submit(job) { job.answer(.failure(error)) }
        return MARTLET_OK
    }

    // MARK: Migrations

    func migrate(_ database: martlet_database, _ schema: String, _ steps: [String]) -> martlet_result {
        if isOutsideCreate("migrate") { return MARTLET_ERROR_CLOSED }
        guard openDatabases.indices.contains(Int(database)), !schema.isEmpty else { return MARTLET_ERROR_ARGUMENT }
        let migration = Migration(openDatabases[Int(database)], schema, steps)
        do throws(Migration.Problem) {
            // As calls in a driven engine, which have no deadline.
            try migration.run(
                by: engine.isDriven ? Deadline(nanoseconds: .max) : .after(nanoseconds: settings.callNanoseconds))
            return MARTLET_OK
        } catch {
            refuse("", "database \"\(migration.database.name)\", schema \"\(schema)\": \(error.text)")
            return error.isNewer ? MARTLET_ERROR_UNSUPPORTED : MARTLET_ERROR_BUSY
        }
    }
}
