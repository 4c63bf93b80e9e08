import SQL

/// Whether a pool can do what it is asked for.
package enum PoolHealth: Sendable, Equatable {
    case healthy
    /// Every connection is in use, there may be no more of them, and jobs wait.
    case saturated
    /// It cannot connect. Jobs fail at once while one connection tries.
    case away(DatabaseError)
}

/// What a pool has and has done.
package struct PoolCounts: Sendable, Equatable {
    package var open = 0
    package var busy = 0
    package var idle = 0
    package var connecting = 0
    /// Those of the busy ones that cursors have.
    package var cursors = 0
    package var waiting = 0
    package var jobs: UInt64 = 0
    package var failures: UInt64 = 0
    /// Jobs that were refused: too many waited, they waited too long, or the database was away.
    package var refused: UInt64 = 0
    package var retries: UInt64 = 0
    /// Connections made, and those that were found broken.
    package var made: UInt64 = 0
    package var broken: UInt64 = 0
    /// How long jobs have waited, together. Nanoseconds.
    package var waitNanoseconds: UInt64 = 0
}
