import CMartlet
import Engine
import PluginABI
import SQL

/// `martlet.database/1`
enum DatabaseFunctions {
    nonisolated(unsafe) static let table: UnsafePointer<martlet_databases> = {
        var table = martlet_databases()
        table.size = UInt32(MemoryLayout<martlet_databases>.size)
        table.open = { handle, name in
            handle == nil ? MARTLET_ERROR_ARGUMENT : PluginInstance.of(handle).openDatabase(String(name))
        }
        table.prepare = { handle, database, sql in
            handle == nil ? MARTLET_ERROR_ARGUMENT : PluginInstance.of(handle).prepare(database, String(sql))
        }
        table.migrate = { handle, database, schema, steps, count in
            guard handle != nil, (0...stepLimit).contains(count),
                let steps = MetricFunctions.texts(steps, count, limit: stepLimit)
            else { return MARTLET_ERROR_ARGUMENT }
            return PluginInstance.of(handle).migrate(database, String(schema), steps)
        }
        table.execute = { handle, connection, commands, count, flags, answered, context in
            guard handle != nil else { return MARTLET_ERROR_ARGUMENT }
            let instance = PluginInstance.of(handle)
            guard flags & ~MARTLET_EXECUTE_QUERY == 0, let job = read(commands, count, instance) else {
                return MARTLET_ERROR_ARGUMENT
            }
            return instance.execute(
                job.commands, of: job.database, isQuery: flags & MARTLET_EXECUTE_QUERY != 0,
                for: ConnectionID(rawValue: connection), PendingAnswer(answered, context))
        }
        return permanent(table)
    }()

    private static let stepLimit = 10_000

    /// nil: there are none or too many, or a statement, its database or a value does not fit.
    private static func read(
        _ first: UnsafePointer<martlet_command>?, _ count: Int, _ instance: PluginInstance
    ) -> (commands: [Command], database: Int)? {
        guard let first, (1...MARTLET_COMMAND_LIMIT).contains(count) else { return nil }
        var commands: [Command] = []
        commands.reserveCapacity(count)
        var database: Int?
        for command in UnsafeBufferPointer(start: first, count: count) {
            guard let declared = instance.statements.element(Int(command.statement)),
                database ?? declared.database == declared.database, let values = values(of: command)
            else { return nil }
            database = declared.database
            commands.append(Command(declared.statement, values))
        }
        return database.map { (commands, $0) }
    }

    private static func values(of command: martlet_command) -> ValueList? {
        var list = ValueList()
        guard command.value_count > 0 else { return list }
        guard let values = command.values else { return nil }
        for value in UnsafeBufferPointer(start: values, count: Int(command.value_count)) {
            let bytes = UnsafeRawBufferPointer(
                start: value.text.data, count: value.text.data == nil ? 0 : value.text.length)
            switch value.kind {
            case MARTLET_SQL_NULL: list.append(.null)
            case MARTLET_SQL_INTEGER: list.append(.integer(value.integer))
            case MARTLET_SQL_REAL: list.append(.real(value.real))
            case MARTLET_SQL_TEXT: list.append(.text(bytes))
            case MARTLET_SQL_BYTES: list.append(.bytes(bytes))
            default: return nil
            }
        }
        return list
    }
}

extension Array {
    fileprivate func element(_ index: Int) -> Element? { indices.contains(index) ? self[index] : nil }
}
