import CMartlet
import Glibc
import PluginABI

/// Moves sessions from one generation to the next while their peers stay connected.
///
/// The host keeps the socket, unconsumed input, queued output, the timer and the limits; `save` and `restore` carry what the plugin
/// itself knows. Between two callbacks a connection has no other state.
extension LoopPointer {
    /// How many sessions of a generation have moved.
    package struct Migration: Sendable {
        /// Continue in the new generation.
        package var migrated = 0
        /// Answered "not now", or are with a worker: they move after a later callback.
        package var waiting = 0
        /// Stay with the old generation until they close.
        package var pinned = 0
        /// The next piece; nil: all connections have been asked.
        package var next: Int?
    }

    package enum Move: Sendable { case moved, later, stays }

    /// Moves the sessions that can move from one binding to another on this loop. One call handles one chunk of the pool, so that
    /// the peers of a loop with many connections are served between two pieces.
    ///
    /// - Parameter piece: 0, then `next` of the previous piece. The old binding must get no new connection meanwhile.
    package func migrate(from old: BindingPointer, to new: BindingPointer, piece: Int) -> Migration {
        old.own.pointee.successor = new
        var result = Migration()
        result.next = inPiece(piece, of: old) { connection in
            if connection.pointee.place == .worker {
                // The session moves when the connection comes back.
                result.waiting += 1
                return awayRecord(connection) { $0.moves = true }
            }
            guard connection.pointee.state.hasSession else { return rebind(connection, to: new) }
            if migrate(connection) {
                result.migrated += 1
            } else if connection.pointee.state.moves {
                result.waiting += 1
            } else {
                result.pinned += 1
            }
        }
        return result
    }

    /// Removes the successor of a binding, so that its sessions stay where they are from now on. One call handles one chunk of the
    /// pool, as in `migrate`. Returns the next piece; nil: this was the last.
    package func forgetSuccessor(of binding: BindingPointer, piece: Int) -> Int? {
        binding.own.pointee.successor = nil
        return inPiece(piece, of: binding) { connection in
            if connection.pointee.place == .worker { return awayRecord(connection) { $0.moves = false } }
            if connection.pointee.state.moves { connection.pointee.state.take(.moveSettled) }
        }
    }

    /// Goes through the open connections of a binding (nil: of all) in one chunk of the pool. Returns the next chunk; nil: this was the
    /// last.
    func inPiece(_ piece: Int, of binding: BindingPointer?, _ body: (ConnectionPointer) -> Void) -> Int? {
        guard piece < pointee.connections.chunkCount else { return nil }
        pointee.connections.forEachOpen(inChunk: piece) { connection in
            guard binding == nil || connection.links.pointee.binding == binding else { return }
            context.workOn(connection)
            body(connection)
        }
        context.workOn(nil)
        return piece + 1 < pointee.connections.chunkCount ? piece + 1 : nil
    }

    /// Moves one session, if it can be moved now; if not now, after a later callback.
    func migrate(_ connection: ConnectionPointer) -> Bool {
        connection.pointee.state.take(.moveSettled)
        if _slowPath(connection.links.pointee.binding.own.pointee.stillness == .settling) {
            _ = park(connection)
            return false
        }
        guard let new = connection.links.pointee.binding.own.pointee.successor,
            !connection.pointee.state.isClosing
        else { return false }
        switch move(connection, to: new) {
        case .moved: return true
        case .later: connection.pointee.state.take(.mustMove)
        case .stays: break
        }
        return false
    }

    /// Moves a session to another generation of its listener, if both understand the same form of its state. Its loans stay with
    /// the generation that lent them.
    func move(_ connection: ConnectionPointer, to new: BindingPointer) -> Move {
        // What `save`, `restore` or `moved` lent was refused.
        defer { context.runReleases() }
        let old = connection.links.pointee.binding
        if old.pointee.callbacks.layout.isSamePlain(as: new.pointee.callbacks.layout) {
            return copySession(of: connection, to: new)
        }
        guard let source = old.pointee.callbacks.state, let target = new.pointee.callbacks.state,
            source.versions.fits(target.versions)
        else { return .stays }
        defer { context.pointee.running.pointee.end() }
        var session: RestoredSession?
        let outcome = save(connection, source) { state in
            session = restore(
                connection, to: new, target, source.versions.version,
                state.baseAddress!.assumingMemoryBound(to: UInt8.self), state.count)
            return session != nil
        }
        if outcome == .busy { return .later }
        guard let session else { return .stays }
        context.pointee.running.pointee.begin(.moved, old.pointee.label)
        source.moved?(old.pointee.env, connection.links.pointee.session, OpaquePointer(connection))
        dropSession(connection)
        connection.links.pointee.session = session.pointer
        rebind(connection, to: new)
        return .moved
    }

    enum SaveOutcome: Equatable {
        /// And what the next step returned.
        case saved(Bool)
        case busy
        case never
    }

    /// Calls `save`, and passes what it has written to the next step.
    func save(
        _ connection: ConnectionPointer, _ functions: SessionStateFunctions, _ next: (UnsafeRawBufferPointer) -> Bool
    ) -> SaveOutcome {
        let binding = connection.links.pointee.binding
        context.pointee.running.pointee.begin(.save, binding.pointee.label)
        defer { context.pointee.running.pointee.end() }
        var memory = pointee.scratch.assumingMemoryBound(to: UInt8.self)
        var capacity = LoopCore.scratchSize
        var count = 0
        func call() -> martlet_result {
            functions.save(
                binding.pointee.env, connection.links.pointee.session, OpaquePointer(connection), memory, capacity,
                &count)
        }
        var saved = call()
        var larger: Buffer?
        defer { if let larger { context.pointee.buffers.give(larger) } }
        if saved >= 0, count > capacity, count <= LoopCore.savedStateLimit {
            larger = context.pointee.buffers.take(count)
            guard let larger else { return .never }
            memory = larger.base.assumingMemoryBound(to: UInt8.self)
            capacity = larger.capacity
            count = 0
            saved = call()
        }
        guard saved >= 0, count >= 0, count <= capacity else { return saved == MARTLET_ERROR_BUSY ? .busy : .never }
        return .saved(next(UnsafeRawBufferPointer(start: memory, count: count)))
    }

    /// A session that may be NULL.
    struct RestoredSession { var pointer: UnsafeMutableRawPointer? }

    /// nil: the other generation does not accept the session, or there is no memory.
    func restore(
        _ connection: ConnectionPointer, to new: BindingPointer, _ target: SessionStateFunctions, _ version: UInt32,
        _ state: UnsafePointer<UInt8>, _ count: Int
    ) -> RestoredSession? {
        var place: UnsafeMutableRawPointer?
        if new.pointee.keepsSessions {
            place = new.own.pointee.sessions.take(for: connection)
            guard place != nil else { return nil }
        }
        var session = place
        context.pointee.running.pointee.begin(.restore, new.pointee.label)
        // What `restore` does wrong is the new generation's fault.
        let old = connection.links.pointee.binding
        connection.links.pointee.binding = new
        let result = target.restore(new.pointee.env, OpaquePointer(connection), version, state, count, &session)
        connection.links.pointee.binding = old
        guard result == MARTLET_OK else {
            if let place { new.own.pointee.sessions.give(place) }
            return nil
        }
        return RestoredSession(pointer: place ?? session)
    }

    /// Copies a plain session, which has no pointers, without calling either generation.
    private func copySession(of connection: ConnectionPointer, to new: BindingPointer) -> Move {
        guard let session = connection.links.pointee.session, let place = new.own.pointee.sessions.take(for: connection)
        else {
            return .stays
        }
        new.own.pointee.sessions.copy(session, to: place)
        dropSession(connection)
        connection.links.pointee.session = place
        rebind(connection, to: new)
        return .moved
    }

    func changeBinding(_ connection: ConnectionPointer, to new: BindingPointer) {
        connection.counters.pointee.movedOut.add(1)
        new.pointee.counters.pointee.movedIn.add(1)
        connection.links.pointee.binding = new
        connection.noteInstance()
    }

    func rebind(_ connection: ConnectionPointer, to new: BindingPointer) {
        connection.refundRequest()
        changeBinding(connection, to: new)
        connection.noteSession()
        if new.pointee.callbacks.state?.savesSessions == true, connection.pointee.state.hasSession {
            saveCheckpoint(connection)
        }
        if connection.pointee.state.life != .handshake { reenterAddresses(connection) }
        // The new generation may have other timeouts.
        if connection.pointee.state.hasSession { rearmTimer(connection) }
    }
}
