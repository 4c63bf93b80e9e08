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
    /// The name of the database on the server.
    private let schema: String
    private let numbers = StatementNumbers()

    init(_ settings: DatabaseSettings, _ server: MariaDBSettings) throws(SystemError) {
        name = settings.name
        schema = server.database
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

    func perform(_ work: DatabaseWork, _ task: DatabaseTask) throws(DatabaseError) -> DatabaseTaskReport.State {
        switch work {
        case .backup:
            throw DatabaseError(
                .denied,
                "\(name) is a database of MariaDB, and this is for SQLite; try: mariadb-dump --single-transaction \(schema)"
            )
        case .checkIntegrity:
            throw DatabaseError(
                .denied,
                "\(name) is a database of MariaDB, and this is for SQLite; try: CHECK TABLE, or mariadb-check \(schema)"
            )
        }
    }

    var report: DatabaseReport {
        var report = DatabaseReport(name: name, kind: "mariadb")
        report.add(pool)
        return report
    }
}
