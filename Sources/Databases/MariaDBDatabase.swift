import DatabasePools
import MariaDB
import SQL
import Synchronization
import Threads

/// A server of MariaDB: one pool of connections, which read and write.
final class MariaDBDatabase: PooledDatabase {
    let name: String
    let dialect = SQLDialect.mariaDB
    private let pool: SessionPool
    private let numbers = StatementNumbers()

    init(_ settings: DatabaseSettings, _ server: MariaDBSettings) throws(SystemError) {
        name = settings.name
        let timeout = settings.pool.statementNanoseconds
        pool = try SessionPool(name: "mariadb", settings.pool) { () throws(DatabaseError) in
            try MariaDBConnection(server.address(statementNanoseconds: timeout))
        }
        pool.start()
    }

    func statement(_ text: String) -> Statement { numbers.statement(text) }

    func submit(_ job: Job) -> DatabaseError? { pool.submit(job) }

    func stop() { pool.stop() }

    func apply(_ settings: DatabaseSettings) { pool.apply(settings.pool) }

    func change(_ change: DatabaseChange) { pool.change(change) }

    var report: DatabaseReport {
        var report = DatabaseReport(name: name, kind: "mariadb")
        report.add(pool)
        return report
    }
}
