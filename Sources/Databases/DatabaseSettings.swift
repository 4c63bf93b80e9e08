import DatabasePools

/// A pool of `martlet.toml`: the table `[databases.NAME]`.
package struct DatabaseSettings: Codable, Sendable, Equatable {
    package enum Place: Codable, Sendable, Equatable {
        /// The absolute path of a file.
        case sqlite(path: String)
        case mariaDB(MariaDBSettings)
    }

    package var name: String
    package var place: Place
    package var pool: PoolSettings

    package init(name: String, place: Place, pool: PoolSettings) {
        (self.name, self.place, self.pool) = (name, place, pool)
    }
}
