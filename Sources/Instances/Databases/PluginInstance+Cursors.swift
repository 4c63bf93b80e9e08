import CMartlet
import Engine
import SQL

/// Rows in batches: `select`, `next` and `close` of `martlet.database/1`.
extension PluginInstance {
    private static let batchBytes = 64 << 10

    func select(
        _ command: Command, of database: Int, batchBytes: Int, _ call: martlet_database_call
    ) -> martlet_result {
        guard let database = self.database(database) else { return MARTLET_ERROR_ARGUMENT }
        let answer = FirstAnswer()
        let cursor = Cursor(
            batchBytes: batchBytes == 0 ? Self.batchBytes : batchBytes,
            origin: Job.Origin(label: label, connection: call.connection), owner: ObjectIdentifier(admission)
        ) { answer.promise?.keep($0) }
        databases.cursors.add(cursor)
        let open = OpenCursor(cursor: cursor, directory: databases.cursors, engine: engine)
        let result = promise(call, of: open) { promised in
            answer.promise = promised
            var job = Job(rows: command, for: cursor)
            submit(&job, to: database, call)
            return MARTLET_OK
        }
        if result != MARTLET_OK { databases.cursors.remove(cursor.number) }
        return result
    }

    func next(_ number: UInt64, _ call: martlet_database_call) -> martlet_result {
        guard let cursor = find(number) else { return MARTLET_ERROR_CLOSED }
        guard cursor.origin.connection == call.connection else { return MARTLET_ERROR_ARGUMENT }
        let open = OpenCursor(cursor: cursor, directory: databases.cursors, engine: engine)
        return promise(call, of: open) { promised in
            switch cursor.ask(label: label, end: call.end ?? .max, { promised.keep($0) }) {
            case nil: MARTLET_OK
            case .isAsked?: MARTLET_ERROR_ARGUMENT
            case .isOver?: MARTLET_ERROR_CLOSED
            }
        }
    }

    func close(_ number: UInt64) -> martlet_result {
        guard let cursor = find(number) else { return MARTLET_ERROR_CLOSED }
        OpenCursor(cursor: cursor, directory: databases.cursors, engine: engine).end()
        return MARTLET_OK
    }

    /// nil: there is no such cursor, or it belongs to another listener.
    private func find(_ number: UInt64) -> Cursor? {
        databases.cursors.find(number).flatMap { $0.owner == ObjectIdentifier(admission) ? $0 : nil }
    }
}

/// Where the first batch goes. Set before anybody can answer.
private final class FirstAnswer: @unchecked Sendable {
    var promise: PluginInstance.Promise?
}
