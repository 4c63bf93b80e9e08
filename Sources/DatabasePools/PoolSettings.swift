/// The size of a pool and its time limits, in nanoseconds.
package struct PoolSettings: Codable, Sendable, Equatable {
    /// Connections that stay open however little there is to do.
    package var minimum = 1
    package var maximum = 10
    /// Jobs that may wait.
    package var queueLimit = 16_384
    /// How long a job may wait for a connection.
    package var acquireNanoseconds: UInt64 = 5_000_000_000
    /// A connection that has nothing to do for so long is closed, unless it is one of the minimum; 0: never.
    package var idleNanoseconds: UInt64 = 600_000_000_000
    /// A connection is replaced when it is so old, give or take 2.5 %; 0: never.
    package var lifeNanoseconds: UInt64 = 1_800_000_000_000
    /// A connection that has not been used for so long is checked first.
    package var validateNanoseconds: UInt64 = 500_000_000
    /// How often an idle connection is checked; 0: never.
    package var checkNanoseconds: UInt64 = 30_000_000_000
    /// How long a statement may take; 0: as long as it likes.
    package var statementNanoseconds: UInt64 = 30_000_000_000
    /// How long the asker of a cursor may take before it asks again; 0: as long as it likes.
    package var cursorNanoseconds: UInt64 = 30_000_000_000
    /// The most bytes of a result, or of a row of a cursor.
    package var resultLimit = 16 << 20
    /// How often a transaction is tried that fails because of another one, as long as acquireNanoseconds have not passed.
    package var attempts = 10
    /// While the database is away, it is tried again after so long, and then after twice as long each time.
    package var shortestBackOffNanoseconds: UInt64 = 100_000_000
    package var longestBackOffNanoseconds: UInt64 = 10_000_000_000

    /// Connections that cursors may have at once. One is left for everything else, so that peers that read slowly cannot stop the rest.
    package var cursorLimit: Int { max(maximum - 1, 1) }

    package init() {}
}
