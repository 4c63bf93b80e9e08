import CMartlet
import Glibc
import PluginABI

/// Connections that have come from another process, which has died or stands still. They are in limbo until there is an instance for them: neither the kernel nor a
/// timer wakes them.
extension LoopPointer {
    /// Keeps the slots of a chunk for connections that will come. Called for all chunks, in the order of their numbers, the first time
    /// before there are other connections. False: there is no memory.
    package func makeRoom(for chunk: Estate.Chunk, _ content: Estate.Content) -> Bool {
        let occupied = Set(content.remains.map { Int($0.slot.index) % SlotChunk.slotCount }).union(content.staying)
        return pointee.connections.inherit(chunk.number, content.generations, occupied: occupied)
    }

    /// Brings the connections of a chunk here, under the ids that they had. There is room for them.
    ///
    /// - Parameter descriptors: by the numbers that the other process has. The caller closes those that are not used. Those of files are
    ///   duplicated.
    package func settle(
        _ content: Estate.Content, isAlive: Bool = false, _ descriptors: [Int32: Int32]
    ) -> Settlement {
        var result = Settlement(succession: content.lost)
        for remains in content.remains where !isAlive || hasInstance(for: remains.record) {
            guard let connection = pointee.connections.occupy(remains.slot, isOffered: isAlive, context) else {
                if !isAlive { result.succession.lose(.resources) }
                continue
            }
            if let loss = settle(connection, remains, descriptors) {
                if isAlive {
                    pointee.connections.reserve(connection)
                } else {
                    result.succession.lose(loss)
                    pointee.connections.give(connection)
                }
            } else {
                result.taken.insert(connection.id.slot)
                result.used.append(remains.slot.descriptor)
            }
        }
        return result
    }

    /// nil: it is in limbo.
    private func settle(
        _ connection: ConnectionPointer, _ remains: Remains, _ descriptors: [Int32: Int32]
    ) -> Loss? {
        // That process may have closed the number, and the kernel may have given it to another socket.
        guard let descriptor = descriptors[remains.slot.descriptor],
            socketCookie(of: descriptor) == remains.record.cookie, pointee.slots.own(descriptor)
        else { return .socket }
        connection.pointee.descriptor = descriptor
        guard fill(connection, with: remains, descriptors) else {
            empty(connection)
            pointee.slots.disown(descriptor)
            return .resources
        }
        pointee.processQuota.takeAnyway()
        return nil
    }

    /// Whether the latest instance of its listener understands its session.
    private func hasInstance(for record: RecoveryRecord) -> Bool {
        guard let binding = pointee.bindings.last(where: { $0.pointee.name == record.listener }) else { return false }
        return restores(record, binding)
    }

    /// False: there is no memory, or no descriptor.
    private func fill(
        _ connection: ConnectionPointer, with remains: Remains, _ descriptors: [Int32: Int32]
    ) -> Bool {
        connection.recovery.pointee = remains.record
        connection.recovery.pointee.kept = .nothing
        connection.recovery.pointee.memberships = nil
        for group in remains.groups {
            let made = KeptMembership.make(
                for: connection, group.name, group.closes ? .close : .skip, backlog: group.backlog, in: pointee.arena)
            if made == nil { return false }
        }
        if remains.record.kept != .nothing {
            let kept = remains.record.kept == .checkpoint ? RecoveryRecord.Kept.checkpoint : .copy
            guard keep(remains.kept, of: connection, as: kept, remains.record.form, remains.record.version) else {
                return false
            }
        }
        if let start = remains.input.baseAddress, !remains.input.isEmpty {
            let count = remains.input.count
            guard holdInput(connection, start, count, capacity: count + 1) else { return false }
        }
        for piece in remains.output {
            guard append(piece, to: connection, descriptors) else { return false }
        }
        connection.pointee.lastWriteProgress = remains.slot.lastWriteProgress
        return true
    }

    private func append(
        _ piece: Remains.Piece, to connection: ConnectionPointer, _ descriptors: [Int32: Int32]
    ) -> Bool {
        switch piece {
        case .bytes(let bytes):
            guard let start = bytes.baseAddress, !bytes.isEmpty else { return true }
            return context.append(copying: start, bytes.count, to: connection)
        case .file(let number, let offset, let count):
            // Several connections may send the same file.
            let file = descriptors[number].map { fcntl($0, F_DUPFD_CLOEXEC, 0) } ?? -1
            guard file >= 0 else { return false }
            let segment = OutputSegment(
                kind: .file, file: file, remaining: count, offset: offset,
                release: { close(Int32(truncatingIfNeeded: Int(bitPattern: $0))) },
                context: UnsafeMutableRawPointer(bitPattern: Int(file)))
            if context.append(segment, to: connection) { return true }
            close(file)
            return false
        }
    }

    /// Lets go of what a connection without an instance has.
    private func empty(_ connection: ConnectionPointer) {
        dropInput(connection)
        dropOutput(connection)
        dropKept(connection)
        while let kept = connection.recovery.pointee.memberships { kept.forget(connection, in: pointee.arena) }
    }

    // MARK: What is kept of a session

    /// Copies the state of a session to where a successor finds it. False: there is no memory.
    func keep(
        _ state: UnsafeRawBufferPointer, of connection: ConnectionPointer, as kept: RecoveryRecord.Kept, _ form: UInt64,
        _ version: UInt32
    ) -> Bool {
        let owner = RecoveryRecord.ownerOffset(state.count)
        guard let block = pointee.arena.allocate(owner + 8) else { return false }
        if let start = state.baseAddress { block.copyMemory(from: start, byteCount: state.count) }
        (block + owner).storeBytes(of: connection.id.rawValue, as: UInt64.self)
        dropKept(connection)
        connection.recovery.pointee.bytes = block
        connection.recovery.pointee.keptCount = UInt32(state.count)
        connection.recovery.pointee.form = form
        connection.recovery.pointee.version = version
        connection.recovery.pointee.kept = kept
        return true
    }

    func dropKept(_ connection: ConnectionPointer) {
        let record = connection.recovery.pointee
        connection.recovery.pointee.kept = .nothing
        guard record.kept == .copy || record.kept == .checkpoint, let block = record.bytes else { return }
        pointee.arena.free(block, RecoveryRecord.ownerOffset(Int(record.keptCount)) + 8)
    }

    /// Saves a session whose plugin has asked for it. A session that cannot be saved now does not come back until it can.
    func saveCheckpoint(_ connection: ConnectionPointer) {
        let binding = connection.links.pointee.binding
        guard let functions = binding.pointee.callbacks.state, connection.pointee.state.hasSession else { return }
        defer { context.runReleases() }
        let outcome = save(connection, functions) { state in
            keep(state, of: connection, as: .checkpoint, functions.form, functions.versions.version)
        }
        if outcome != .saved(true) { dropKept(connection) }
        if outcome != .busy, !functions.savesAlways { connection.pointee.state.take(.checkpointed) }
    }

    // MARK: Adoption

    /// Brings connections from limbo to an instance. One call handles one chunk of the pool. Returns the next piece; nil: this was the last.
    /// While the callbacks of the instance stand still, connections with sessions are parked, and the others stay in limbo.
    ///
    /// - Parameters:
    ///   - generation: only those of this instance of the listener in the other process; nil: those of all.
    ///   - afterCrash: the plugin decides whether they go on.
    package func adopt(
        into binding: BindingPointer, only generation: UInt32?, afterCrash: Bool, loopCount: Int, piece: Int
    ) -> (Succession, next: Int?) {
        inLimbo(piece) { connection, result in
            let record = connection.recovery.pointee
            guard record.listener == binding.pointee.name, generation == nil || record.generation == generation,
                binding.own.pointee.stillness == .none || connection.pointee.state.life != .opening
            else { return }
            context.workOn(connection)
            if let loss = adopt(connection, into: binding, afterCrash: afterCrash, loopCount) {
                result.lose(loss)
            } else {
                result.adopted += 1
            }
        }
    }

    /// Goes through the connections in limbo in one chunk of the pool. Returns the next piece, as `adopt`.
    private func inLimbo(
        _ piece: Int, _ body: (ConnectionPointer, inout Succession) -> Void
    ) -> (Succession, next: Int?) {
        var result = Succession()
        guard piece < pointee.connections.chunkCount else { return (result, nil) }
        pointee.connections.forEachInLimbo(inChunk: piece) { body($0, &result) }
        context.workOn(nil)
        return (result, piece + 1 < pointee.connections.chunkCount ? piece + 1 : nil)
    }

    /// nil: it goes on.
    private func adopt(
        _ connection: ConnectionPointer, into binding: BindingPointer, afterCrash: Bool, _ loopCount: Int
    ) -> Loss? {
        connection.links.pointee.binding = binding
        connection.pointee.place = .loop
        binding.pointee.counters.pointee.movedIn.add(1)
        binding.pointee.admission.quota.takeAnyway()
        if connection.pointee.state.life == .open,
            let loss = afterCrash && !binding.pointee.callbacks.adopts ? .policy : goOn(connection, binding, loopCount)
        {
            connection.pointee.state.take(.ended)
            releaseConnection(connection, reset: true)
            return loss
        }
        connection.noteInstance()
        if connection.pointee.state.life != .handshake { reenterAddresses(connection) }
        guard watch(connection) else {
            endConnection(connection, .noMemory, reset: true)
            return .resources
        }
        if connection.pointee.state.life == .opening {
            let socket = pointee.sockets.first { $0.pointee.binding.pointee.admission === binding.pointee.admission }
            connection.links.pointee.endpoint = socket?.pointee.endpoint
            callOpened(connection)
            return nil
        }
        if binding.own.pointee.stillness != .none, connection.pointee.state.allows(.parked) {
            connection.pointee.state.take(.parked)
        } else {
            rearmTimer(connection)
            enqueue(connection)
        }
        return nil
    }

    /// nil: it is in its groups again, and there is a session.
    private func goOn(_ connection: ConnectionPointer, _ binding: BindingPointer, _ loopCount: Int) -> Loss? {
        var left = connection.recovery.pointee.memberships
        connection.recovery.pointee.memberships = nil
        var isIn = true
        while let kept = left {
            let result = join(
                connection, kept.name, isClosing: kept.pointee.closes, backlog: Int(clamping: kept.pointee.backlog),
                loopCount: loopCount)
            isIn = isIn && result == MARTLET_OK
            left = kept.pointee.next
            kept.forget(connection, in: pointee.arena)
        }
        return isIn ? restoreSession(connection, binding) : .resources
    }

    /// Whether the instance understands what is kept of a session.
    private func restores(_ record: RecoveryRecord, _ binding: BindingPointer) -> Bool {
        switch record.kept {
        case .nothing: return false
        case .session, .copy:
            return binding.pointee.form == record.form && Int(record.keptCount) == binding.pointee.callbacks.layout.size
        case .checkpoint:
            guard let functions = binding.pointee.callbacks.state else { return false }
            return functions.form == record.form && functions.versions.restores.contains(record.version)
        }
    }

    /// nil: there is a session.
    private func restoreSession(_ connection: ConnectionPointer, _ binding: BindingPointer) -> Loss? {
        let record = connection.recovery.pointee
        guard restores(record, binding) else { return .session }
        let state = UnsafeRawBufferPointer(start: record.bytes, count: Int(record.keptCount))
        switch record.kept {
        case .nothing, .session: return .session
        case .copy:
            guard let place = binding.own.pointee.sessions.take(for: connection) else { return .resources }
            binding.own.pointee.sessions.copy(state.baseAddress!, to: place)
            connection.links.pointee.session = place
            dropKept(connection)
            connection.noteSession()
        case .checkpoint:
            guard let functions = binding.pointee.callbacks.state,
                let session = restore(
                    connection, to: binding, functions, record.version,
                    state.baseAddress!.assumingMemoryBound(to: UInt8.self), state.count)
            else { return .session }
            context.pointee.running.pointee.end()
            connection.links.pointee.session = session.pointer
            // This generation may write another version.
            if functions.savesSessions { saveCheckpoint(connection) } else { dropKept(connection) }
        }
        return nil
    }

    /// Ends the connections for which there was no instance. One call handles one chunk of the pool, as in `adopt`.
    ///
    /// - Parameter stays: they go on in the other process, which has not let go of them.
    package func endLimbo(stays: Bool = false, piece: Int) -> (Succession, next: Int?) {
        inLimbo(piece) { connection, result in
            context.workOn(connection)
            empty(connection)
            pointee.slots.disown(connection.pointee.descriptor)
            connection.transportClose(reset: !stays)
            pointee.processQuota.give()
            guard !stays else { return pointee.connections.reserve(connection) }
            pointee.connections.give(connection)
            result.lose(.session)
        }
    }
}

/// What has come of a chunk of another process.
package struct Settlement: Sendable {
    package var succession = Succession()
    /// The connections that are here now.
    package var taken = SlotSet()
    /// The descriptors that they have, by the numbers that the other process has.
    package var used: [Int32] = []

    package init() {}

    init(succession: Succession) { self.succession = succession }

    package static func += (sum: inout Settlement, other: Settlement) {
        sum.succession = sum.succession + other.succession
        sum.taken.formUnion(other.taken)
        sum.used += other.used
    }
}
