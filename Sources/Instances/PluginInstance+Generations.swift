import Engine

/// An instance and its successors. Called on the control thread.
extension PluginInstance {
    /// Whether the sessions of this instance can continue in another one.
    package func canMigrate(to other: PluginInstance) -> Bool {
        guard let callbacks = image.callbacks, let others = other.image.callbacks else { return false }
        return callbacks.canMove(to: others)
    }

    /// Moves the sessions that can move now; busy ones follow after a later callback.
    package func migrate(to other: PluginInstance) -> SessionMoves {
        var moves = SessionMoves()
        guard canMigrate(to: other) else {
            pinSessions()
            moves.pinned = Int(clamping: counts.open)
            return moves
        }
        for (index, loop) in engine.loops.enumerated() {
            nonisolated(unsafe) let (old, new) = (bindings[index], other.bindings[index])
            let scan = loop.scan(SessionMoves()) { core, piece, moves in
                let result = core.migrate(from: old, to: new, piece: piece)
                moves.migrated += result.migrated
                moves.waiting += result.waiting
                moves.pinned += result.pinned
                return result.next
            }
            moves = moves + scan.sum
            // The rest moves once the loop turns again.
            if !scan.isComplete { moves.waiting += Int(clamping: open(on: index)) }
        }
        return moves
    }

    /// Leaves all sessions where they are, including those that wait to move, because their destination may be destroyed.
    package func pinSessions() {
        for (index, loop) in engine.loops.enumerated() {
            nonisolated(unsafe) let binding = bindings[index]
            _ = loop.scan(()) { core, piece, _ in core.forgetSuccessor(of: binding, piece: piece) }
        }
    }

    /// Asks the sessions to finish what they have begun and close.
    package func drain() {
        isDraining = true
        for (index, loop) in engine.loops.enumerated() {
            nonisolated(unsafe) let binding = bindings[index]
            _ = loop.scan(()) { core, piece, _ in core.drain(binding, piece: piece) }
        }
    }

    /// Ends the connections that are left. Returns how many sessions were cut.
    package func cut() -> Int {
        engine.loops.enumerated().reduce(0) { sum, entry in
            nonisolated(unsafe) let binding = bindings[entry.offset]
            let scan = entry.element.scan(0) { core, piece, sum in
                let result = core.cut(binding, piece: piece)
                sum += result.cut
                return result.next
            }
            return sum + scan.sum + (scan.isComplete ? 0 : Int(clamping: open(on: entry.offset)))
        }
    }
}

extension PluginInstance {
    /// Counts callbacks that run longer; zero: does not measure callbacks. Called on the control thread.
    package func measureCallbacks(over limit: Duration) {
        let nanoseconds = limit.nanoseconds
        for (index, loop) in engine.loops.enumerated() {
            nonisolated(unsafe) let binding = bindings[index]
            _ = loop.order { _ in binding.pointee.slowCallback.store(nanoseconds, ordering: .relaxed) }
        }
    }
}

extension PluginInstance {
    /// Age of the oldest connection; 0 when there is none, nil when a loop does not answer. Called on the control thread.
    package var oldestConnectionSeconds: Double? {
        var oldest = 0.0
        for (index, loop) in engine.loops.enumerated() where !bindings.isEmpty {
            nonisolated(unsafe) let binding = bindings[index]
            let scan = loop.scan(0.0) { core, piece, oldest in
                let found = core.oldestConnectionSeconds(of: binding, piece: piece)
                oldest = max(oldest, found.seconds)
                return found.next
            }
            guard scan.isComplete else { return nil }
            oldest = max(oldest, scan.sum)
        }
        return oldest
    }
}

extension PluginInstance {
    /// At most so many of its connections, and whether all loops have answered. Called on the control thread.
    package func connections(atMost limit: Int) -> ConnectionList {
        var list = ConnectionList()
        for (index, loop) in engine.loops.enumerated() where !bindings.isEmpty {
            nonisolated(unsafe) let binding = bindings[index]
            let left = limit - list.connections.count
            guard left > 0 else { break }
            let scan = loop.scan([ConnectionView]()) { core, piece, views in
                core.list(binding, piece: piece, into: &views, limit: left)
            }
            list.isComplete = list.isComplete && scan.isComplete
            list.connections += scan.sum
        }
        return list
    }
}
