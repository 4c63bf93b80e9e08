import Engine

/// What became of the sessions of a generation that got a successor.
package struct SessionMoves: Codable, Sendable, Equatable {
    /// Go on in the new generation.
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

/// An instance beside its successors and predecessors. On the control thread.
extension PluginInstance {
    /// Whether the sessions of this instance can go on in another one.
    package func canMigrate(to other: PluginInstance) -> Bool {
        guard let saved = image.stateSchema, let restored = other.image.stateSchema else { return false }
        return saved.fits(restored)
    }

    /// Moves the sessions that can move now; those that are busy follow after a later callback.
    package func migrate(to other: PluginInstance) -> SessionMoves {
        var moves = SessionMoves()
        guard canMigrate(to: other) else {
            pinSessions()
            moves.pinned = Int(clamping: counts.open)
            return moves
        }
        for (index, loop) in engine.loops.enumerated() {
            nonisolated(unsafe) let (old, new) = (bindings[index], other.bindings[index])
            var piece: Int? = 0
            while let begin = piece {
                let result = loop.ask { $0.migrate(from: old, to: new, piece: begin) }
                moves.migrated += result.migrated
                moves.waiting += result.waiting
                moves.pinned += result.pinned
                piece = result.next
            }
        }
        return moves
    }

    /// Leaves the sessions where they are, also those that waited to be moved: their destination may go.
    package func pinSessions() {
        for (index, loop) in engine.loops.enumerated() {
            nonisolated(unsafe) let binding = bindings[index]
            loop.ask { $0.forgetSuccessor(of: binding) }
        }
    }

    /// Asks the sessions to finish what they have begun and close.
    package func drain() {
        isDraining = true
        for (index, loop) in engine.loops.enumerated() {
            nonisolated(unsafe) let binding = bindings[index]
            loop.ask { $0.drain(binding) }
        }
    }

    /// Ends the connections that are left. Returns how many sessions were cut.
    package func cut() -> Int {
        engine.loops.enumerated().reduce(0) { sum, entry in
            nonisolated(unsafe) let binding = bindings[entry.offset]
            return sum + entry.element.ask { $0.cut(binding) }
        }
    }
}

extension PluginInstance {
    /// Counts callbacks that run longer; zero: measures none. On the control thread.
    package func measureCallbacks(over limit: Duration) {
        let (seconds, attoseconds) = limit.components
        let nanoseconds = UInt64(max(seconds, 0)) * 1_000_000_000 + UInt64(max(attoseconds, 0) / 1_000_000_000)
        for (index, loop) in engine.loops.enumerated() {
            nonisolated(unsafe) let binding = bindings[index]
            loop.ask { _ in binding.pointee.slowCallbackNanoseconds = nanoseconds }
        }
    }
}

extension PluginInstance {
    /// Age of the oldest connection; 0 when there is none. On the control thread.
    package var oldestConnectionSeconds: Double {
        engine.loops.enumerated().reduce(0) { oldest, entry in
            nonisolated(unsafe) let binding = bindings[entry.offset]
            return max(oldest, entry.element.ask { $0.oldestConnectionSeconds(of: binding) })
        }
    }
}
