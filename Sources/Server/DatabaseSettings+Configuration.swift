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
        pool.resultLimit = table.maximumResult
        let place: Place =
            switch table.place {
            case .sqlite(let path): .sqlite(path: path)
            }
        self.init(name: table.name, place: place, pool: pool, statementNanoseconds: table.statementTimeout.nanoseconds)
    }
}
