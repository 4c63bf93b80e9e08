import MariaDB

/// Another client of the database, which keeps all rows of a plugin from being changed until it is released.
final class RowLock {
    private let connection: MariaDBConnection

    init(_ site: StoreSite, _ plugin: StorePlugin) throws {
        guard let mariaDB = site.mariaDB else { throw Failure("SQLite has no locks of rows") }
        connection = try MariaDBConnection(mariaDB.administrator)
        try connection.query("LOCK TABLES \(site.name).martlet_\(plugin.rawValue) READ")
    }

    func release() throws { try connection.query("UNLOCK TABLES") }
}
