import CMartlet

/// Moving a session to another instance while its peer stays connected, as a reload does.
extension SimulatedConnection {
    /// What became of a session that was to move.
    public enum Move: Equatable, Sendable {
        /// It goes on in the other instance.
        case moved
        /// Not now, because the session said so: it moves after a later callback.
        case later
        /// It stays with its instance until it closes.
        case stays
    }

    /// More than a host takes.
    private static let savedStateLimit = 1 << 20

    /// Saves the session, restores it in the instance of another host, and goes on there: this connection is then one of
    /// that host's, with the input, output and timer that it has.
    @discardableResult
    public func migrate(to other: SimulatedHost) -> Move {
        successor = nil
        guard other !== host, isOpen, !closing, !aborting, other.loopStates.indices.contains(loop),
            let source = host.plugin.sessionState, let target = other.plugin.sessionState, source.fits(target)
        else { return .stays }
        var outcome = Move.later
        switch save(source) {
        case .state(let state): outcome = restore(state, source, target, in: other) ? .moved : .stays
        case .busy: break
        case .larger, .never: outcome = .stays
        }
        if outcome == .later { successor = other }
        return outcome
    }

    private enum Saved {
        case state([UInt8])
        /// Needs so many bytes.
        case larger(Int)
        case busy
        case never
    }

    /// The first buffer is small, so that a session with more to say shows that it counts right.
    private func save(_ functions: SessionStateFunctions) -> Saved {
        let first = save(functions, capacity: 64)
        guard case .larger(let needed) = first else { return first }
        let second = save(functions, capacity: needed)
        guard case .larger(let more) = second else { return second }
        violation("save asked for \(needed) bytes, then for \(more)")
        return .never
    }

    private func save(_ functions: SessionStateFunctions, capacity: Int) -> Saved {
        let memory = Reservation(count: capacity)
        defer { memory.free() }
        moment = .moving
        host.begin(.save)
        let count = functions.save(
            session, handle, memory.bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), capacity)
        moment = .idle
        guard memory.fenceIsIntact else {
            violation("save wrote behind its buffer of \(capacity) bytes")
            return .never
        }
        if count == Int64(MARTLET_ERROR_BUSY) { return .busy }
        guard (0...Int64(Self.savedStateLimit)).contains(count) else { return .never }
        return count <= Int64(capacity) ? .state(Array(memory.bytes.prefix(Int(count)))) : .larger(Int(count))
    }

    private func restore(
        _ state: [UInt8], _ source: SessionStateFunctions, _ target: SessionStateFunctions, in other: SimulatedHost
    ) -> Bool {
        let (old, previous) = (host, session)
        // One clock for both, and it never goes back.
        other.nanoseconds = max(other.nanoseconds, old.nanoseconds)
        host = other
        var made: UnsafeMutableRawPointer?
        moment = .moving
        host.begin(.restore)
        let result = target.restore(
            other.state, other.loopStates[loop], handle, source.version, state, state.count, &made)
        moment = .idle
        guard result == MARTLET_OK else {
            host = old
            return false
        }
        moment = .closed
        host.begin(.moved)
        source.moved(previous, handle)
        moment = .idle
        session = made
        old.connections.removeAll { $0 === self }
        old.movedAway.append(self)
        other.movedAway.removeAll { $0 === self }
        other.connections.append(self)
        return true
    }
}

extension SimulatedHost {
    /// Moves every session to the instance of another host, as a reload with `on_reload = "migrate"` does. Those that
    /// cannot move now follow after a later callback.
    @discardableResult
    public func swap(to next: SimulatedHost) -> [SimulatedConnection.Move] {
        openConnections.map { $0.migrate(to: next) }
    }
}
