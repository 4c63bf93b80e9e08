import Configuration
import DatabasePools
import Databases
import Threads

extension DatabaseSettings {
    init(_ table: DatabaseConfiguration) {
        var pool = PoolSettings()
        (pool.minimum, pool.maximum, pool.queueLimit) = (table.minimum, table.maximum, table.queue)
        pool.acquireNanoseconds = table.acquireTimeout.nanoseconds
        pool.idleNanoseconds = table.idleTimeout.nanoseconds
        pool.lifeNanoseconds = table.maximumLifetime.nanoseconds
        pool.validateNanoseconds = table.validateAfter.nanoseconds
        pool.statementNanoseconds = table.statementTimeout.nanoseconds
        pool.cursorNanoseconds = table.cursorTimeout.nanoseconds
        pool.resultLimit = table.maximumResult
        let place: Place =
            switch table.place {
            case .sqlite(let path): .sqlite(path: path)
            case .mariaDB(let server): .mariaDB(MariaDBSettings(server))
            }
        self.init(name: table.name, place: place, pool: pool)
    }
}

extension MariaDBSettings {
    fileprivate init(_ server: DatabaseConfiguration.MariaDB) {
        self.init(user: server.user, database: server.database)
        (host, port, socket) = (server.host, server.port, server.socket)
        switch server.password {
        case .none: password = .none
        case .file(let path): password = .file(path: path)
        case .environment(let name): password = .environment(name: name)
        }
        switch server.tls {
        // The configuration has decided it.
        case .auto, .off: tls = .off
        case .encrypt: tls = .encrypt
        case .verify: tls = .verify
        }
        authorities = server.authorities
    }
}
