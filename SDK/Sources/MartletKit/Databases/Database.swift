import CMartlet

/// Whose SQL a database speaks.
public enum SQLDialect: Sendable {
    /// SQLite.
    case sqlite
    /// MariaDB.
    case mariaDB
}

/// A database of the host, which the plugin has opened: `martlet.database/1`. You may keep the value, and use it from any thread.
///
///     let database = try host.openDatabase("main")
///     try database.migrate("shop", ["CREATE TABLE IF NOT EXISTS items (name VARCHAR(80) PRIMARY KEY, count INTEGER)"])
///     let find = try database.prepare("SELECT count FROM items WHERE name = ?")
public struct Database<P: Plugin>: @unchecked Sendable {
    let functions: UnsafePointer<martlet_databases>
    let instance: OpaquePointer
    let number: martlet_database

    /// nil: one that this SDK does not know.
    public var dialect: SQLDialect? {
        switch functions.pointee.dialect(instance, number) {
        case MARTLET_DIALECT_SQLITE: .sqlite
        case MARTLET_DIALECT_MARIADB: .mariaDB
        default: nil
        }
    }

    /// Declares a statement: one of SQL, with question marks for its parameters. Each connection prepares it when it first runs there. In
    /// `Plugin.init` only. [control]
    public func prepare(_ sql: String) throws(OptionError) -> SQLStatement {
        let statement = withText(sql) { functions.pointee.prepare(instance, number, $0) }
        guard statement >= 0 else { throw OptionError("", "statements are prepared in init only: \(sql)") }
        return SQLStatement(number: statement)
    }

    /// Brings the tables of a plugin up to date, and waits for it. The host runs the steps that have not been run yet and remembers how
    /// many that were, under the name of the schema. SQLite runs them in one transaction. MariaDB does not, so a step there should be one that
    /// can run again, such as `CREATE TABLE IF NOT EXISTS`. In `Plugin.init` only. [control]
    ///
    /// - Parameters:
    ///   - schema: a name for these tables.
    ///   - steps: statements that each change the schema from one version to the next, the first from an empty database.
    /// - Throws: a step has failed, the database is away, or it is newer than these steps. The host says which.
    public func migrate(_ schema: String, _ steps: [String]) throws(OptionError) {
        var bytes = Array(steps.joined().utf8)
        if bytes.isEmpty { bytes = [0] }
        let result = bytes.withUnsafeBytes { bytes in
            var start = bytes.baseAddress!.assumingMemoryBound(to: CChar.self)
            let texts = steps.map { step in
                defer { start += step.utf8.count }
                return martlet_text(data: start, length: step.utf8.count)
            }
            return withText(schema) { functions.pointee.migrate(instance, number, $0, texts, texts.count) }
        }
        switch result {
        case MARTLET_OK: return
        // The host has said why.
        case MARTLET_ERROR_UNSUPPORTED, MARTLET_ERROR_BUSY: throw .told
        default: throw OptionError("", "tables are migrated in init only, under a name, in at most 10,000 steps")
        }
    }
}

extension Host {
    /// Opens a database by its name in `martlet.toml`. It may be away at first. In `Plugin.init` only. [control]
    ///
    /// - Throws: there is none of this name, or this host has no databases.
    public func openDatabase(_ name: String) throws(OptionError) -> Database<P> {
        guard let functions = self.extension(MARTLET_DATABASE)?.assumingMemoryBound(to: martlet_databases.self) else {
            throw OptionError("", "expected a host with databases (\(MARTLET_DATABASE))")
        }
        let number = withText(name) { functions.pointee.open(instance, $0) }
        // The host has said why.
        guard number != MARTLET_ERROR_ARGUMENT else { throw .told }
        guard number >= 0 else { throw OptionError("", "databases are opened in init only: \(name)") }
        return Database(functions: functions, instance: instance, number: number)
    }
}
