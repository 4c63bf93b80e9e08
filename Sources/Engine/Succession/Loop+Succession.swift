import CMartlet
import Glibc
import PluginABI

/// Connections that have come from a process that has died. They are in limbo until there is an instance for them: neither the kernel nor a
/// timer wakes them.
extension LoopPointer {
    /// Brings a chunk of connections here, under the ids that they had. Called for all chunks, in the order of their numbers, before there
    /// are other connections.
    ///
    /// - Parameter descriptors: by the numbers that the dead process had. Those of sockets that are used are taken out; the caller closes
    ///   the others. Those of files are duplicated.
    package func settle(
        _ chunk: Estate.Chunk, _ content: Estate.Content, _ descriptors: inout [Int32: Int32]
    ) -> Succession {
        var result = content.lost
        let occupied = Set(content.remains.map { Int($0.slot.index) % SlotChunk.slotCount })
        guard pointee.connections.inherit(chunk.number, content.generations, occupied: occupied) else {
            result.lose(.resources, count: content.remains.count)
            return result
        }
        for remains in content.remains {
            let connection = pointee.connections.occupy(remains.slot, context)
            guard let descriptor = descriptors[remains.slot.descriptor], pointee.slots.own(descriptor) else {
                result.lose(.socket)
                pointee.connections.give(connection)
                continue
            }
            connection.pointee.descriptor = descriptor
            guard fill(connection, with: remains, descriptors) else {
                result.lose(.resources)
                empty(connection)
                pointee.slots.disown(descriptor)
                pointee.connections.give(connection)
                continue
            }
            descriptors[remains.slot.descriptor] = nil
            pointee.processQuota.takeAnyway()
        }
        return result
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
    ///
    /// - Parameter generation: only those of this instance of the listener in the process that has died; nil: those of all.
    package func adopt(
        into binding: BindingPointer, only generation: UInt32?, loopCount: Int, piece: Int
    ) -> (Succession, next: Int?) {
        inLimbo(piece) { connection, result in
            let record = connection.recovery.pointee
            guard record.listener == binding.pointee.name, generation == nil || record.generation == generation else {
                return
            }
            context.workOn(connection)
            if let loss = adopt(connection, into: binding, loopCount) { result.lose(loss) } else { result.adopted += 1 }
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
    private func adopt(_ connection: ConnectionPointer, into binding: BindingPointer, _ loopCount: Int) -> Loss? {
        connection.links.pointee.binding = binding
        connection.pointee.place = .loop
        binding.pointee.counters.pointee.movedIn.add(1)
        binding.pointee.admission.quota.takeAnyway()
        if connection.pointee.state.life == .open, let loss = goOn(connection, binding, loopCount) {
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
        rearmTimer(connection)
        enqueue(connection)
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

    /// nil: there is a session.
    private func restoreSession(_ connection: ConnectionPointer, _ binding: BindingPointer) -> Loss? {
        let (callbacks, record) = (binding.pointee.callbacks, connection.recovery.pointee)
        guard callbacks.adopts else { return .policy }
        let state = UnsafeRawBufferPointer(start: record.bytes, count: Int(record.keptCount))
        switch record.kept {
        case .nothing, .session: return .session
        case .copy:
            guard binding.pointee.form == record.form, state.count == callbacks.layout.size else { return .session }
            guard let place = binding.own.pointee.sessions.take(for: connection) else { return .resources }
            binding.own.pointee.sessions.copy(state.baseAddress!, to: place)
            connection.links.pointee.session = place
            dropKept(connection)
            connection.noteSession()
        case .checkpoint:
            guard let functions = callbacks.state, functions.form == record.form,
                functions.versions.restores.contains(record.version),
                let session = restore(
                    connection, to: binding, functions, record.version,
                    state.baseAddress!.assumingMemoryBound(to: UInt8.self), state.count)
            else { return .session }
            context.pointee.running.pointee.end()
            connection.links.pointee.session = session.pointer
            // This generation may write another version.
            saveCheckpoint(connection)
        }
        return nil
    }

    /// Ends the connections for which there was no instance. One call handles one chunk of the pool, as in `adopt`.
    package func endLimbo(piece: Int) -> (Succession, next: Int?) {
        inLimbo(piece) { connection, result in
            context.workOn(connection)
            empty(connection)
            pointee.slots.disown(connection.pointee.descriptor)
            connection.transportClose(reset: true)
            pointee.processQuota.give()
            pointee.connections.give(connection)
            result.lose(.session)
        }
    }
}
