/// How many sessions of a replaced generation have moved.
package struct SessionMoves: Codable, Sendable, Equatable {
    /// Continue in the new generation.
    package var migrated = 0
    /// Move after a later callback: they were busy.
    package var waiting = 0
    /// Stay with an earlier generation until they close.
    package var pinned = 0

    package init() {}

    package static func + (one: SessionMoves, other: SessionMoves) -> SessionMoves {
        var sum = one
        sum.migrated += other.migrated
        sum.waiting += other.waiting
        sum.pinned += other.pinned
        return sum
    }
}
