import DatabasePools

/// A pool of `martlet.toml`: the table `[databases.NAME]`.
package struct DatabaseSettings: Codable, Sendable, Equatable {
    package enum Place: Codable, Sendable, Equatable {
        /// The absolute path of a file.
        case sqlite(path: String)
    }

    package var name: String
    package var place: Place
    package var pool: PoolSettings
    /// How long a statement may take; 0: as long as it likes.
    package var statementNanoseconds: UInt64

    package init(name: String, place: Place, pool: PoolSettings, statementNanoseconds: UInt64) {
        (self.name, self.place, self.pool, self.statementNanoseconds) = (name, place, pool, statementNanoseconds)
    }
}
