import CMartlet
import Engine
import PluginABI
import SQL

/// `martlet.database/1`
package enum DatabaseFunctions {
    nonisolated(unsafe) package static let table: UnsafePointer<martlet_databases> = {
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
        table.execute = { handle, call, commands, count in
            guard handle != nil, let call = read(call) else { return MARTLET_ERROR_ARGUMENT }
            let instance = PluginInstance.of(handle)
            guard let job = read(commands, count, instance) else { return MARTLET_ERROR_ARGUMENT }
            return instance.execute(job.commands, of: job.database, call)
        }
        table.transact = { handle, call, database, function in
            guard handle != nil, let call = read(call), let function else { return MARTLET_ERROR_ARGUMENT }
            return PluginInstance.of(handle).transact(function, in: Int(database), call)
        }
        table.run = { transaction, command in
            let open = Unmanaged<OpenTransaction>.fromOpaque(UnsafeRawPointer(transaction!)).takeUnretainedValue()
            return open.run(command!)
        }
        table.dialect = { handle, database in
            handle == nil ? 0 : PluginInstance.of(handle).database(Int(database))?.dialect.rawValue ?? 0
        }
        table.select = { handle, call, command, bytes in
            guard handle != nil, let call = read(call), let command else { return MARTLET_ERROR_ARGUMENT }
            let instance = PluginInstance.of(handle)
            guard let read = instance.read(command.pointee) else { return MARTLET_ERROR_ARGUMENT }
            return instance.select(read.command, of: read.database, batchBytes: Int(bytes), call)
        }
        table.next = { handle, call, cursor in
            guard handle != nil, let call = read(call) else { return MARTLET_ERROR_ARGUMENT }
            return PluginInstance.of(handle).next(cursor, call)
        }
        table.close = { handle, cursor in
            handle == nil ? MARTLET_ERROR_ARGUMENT : PluginInstance.of(handle).close(cursor)
        }
        return permanent(table)
    }()

    private static let stepLimit = 10_000

    /// nil: it is none, or has a flag that nobody knows.
    private static func read(_ call: UnsafePointer<martlet_database_call>?) -> martlet_database_call? {
        guard let call, let copy = martlet_database_call.read(call), copy.flags & ~MARTLET_EXECUTE_QUERY == 0 else {
            return nil
        }
        return copy
    }

    /// nil: there are none or too many, or a statement, its database or a value does not fit.
    private static func read(
        _ first: UnsafePointer<martlet_command>?, _ count: Int, _ instance: PluginInstance
    ) -> (commands: [Command], database: Int)? {
        guard let first, (1...MARTLET_COMMAND_LIMIT).contains(count) else { return nil }
        var commands: [Command] = []
        commands.reserveCapacity(count)
        var database: Int?
        for command in UnsafeBufferPointer(start: first, count: count) {
            guard let read = instance.read(command), database ?? read.database == read.database else { return nil }
            database = read.database
            commands.append(read.command)
        }
        return database.map { (commands, $0) }
    }
}
