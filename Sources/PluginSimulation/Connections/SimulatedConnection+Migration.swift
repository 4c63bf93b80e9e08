import CMartlet
import PluginABI

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
        guard other !== host, isOpen, !closing, !aborting, other.environments.indices.contains(loop) else {
            return .stays
        }
        let (own, others) = (host.plugin.callbacks, other.plugin.callbacks)
        if own.layout.isSamePlain(as: others.layout) { return copySession(to: other) }
        guard let source = own.state, let target = others.state, source.fits(target) else { return .stays }
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
        var count = 0
        let result = functions.save(
            env, session, handle, memory.bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), capacity, &count)
        moment = .idle
        guard memory.fenceIsIntact else {
            violation("save wrote behind its buffer of \(capacity) bytes")
            return .never
        }
        if result == MARTLET_ERROR_BUSY { return .busy }
        guard result >= 0, (0...Self.savedStateLimit).contains(count) else { return .never }
        return count <= capacity ? .state(Array(memory.bytes.prefix(count))) : .larger(count)
    }

    private func restore(
        _ state: [UInt8], _ source: SessionStateFunctions, _ target: SessionStateFunctions, in other: SimulatedHost
    ) -> Bool {
        let old = host
        let (previous, previousPlace) = (session, place)
        begin(in: other)
        place = nil
        let own = makeSession(other.plugin.callbacks.layout)
        var made = own
        moment = .moving
        host.begin(.restore)
        let result = target.restore(env, handle, source.version, state, state.count, &made)
        moment = .idle
        guard result == MARTLET_OK else {
            dropSession()
            (host, session, place) = (old, previous, previousPlace)
            return false
        }
        let madePlace = place
        (host, session, place) = (old, previous, previousPlace)
        moment = .closed
        if let moved = source.moved {
            host.begin(.moved)
            moved(env, session, handle)
        }
        moment = .idle
        dropSession()
        host = other
        (session, place) = (own ?? made, madePlace)
        join(other, from: old)
        return true
    }

    /// A session without pointers moves as it lies.
    private func copySession(to other: SimulatedHost) -> Move {
        let (old, previous) = (host, place)
        place = nil
        begin(in: other)
        session = makeSession(other.plugin.callbacks.layout)
        if let previous, let place { place.bytes.copyBytes(from: previous.bytes) }
        previous?.free()
        join(other, from: old)
        return .moved
    }

    /// One clock for both, and it never goes back.
    private func begin(in other: SimulatedHost) {
        other.nanoseconds = max(other.nanoseconds, host.nanoseconds)
        host = other
    }

    private func join(_ other: SimulatedHost, from old: SimulatedHost) {
        old.connections.removeAll { $0 === self }
        old.movedAway.append(self)
        other.movedAway.removeAll { $0 === self }
        other.connections.append(self)
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
