import CMartlet
import Glibc
import Telemetry
import Threads

/// What a process that has died has left of its connections: its arena, as its successor reads it. Or that of one that lives and stands
/// still: what cannot be taken over now is not lost then, but stays there.
///
/// A plugin that ran wild may have written anything there, so nothing is believed: every place is checked against the bounds of the file and
/// against a second statement of whose it is, and what does not agree is lost. Only bytes of a peer's own buffers can be wrong.
package final class Estate {
    /// 256 slots.
    package struct Chunk: Sendable {
        /// Among those of all loops.
        package let number: Int
        package let loop: Int
        /// Among those of its loop.
        let ordinal: Int
        /// In the file; nil: unknown, so the ids of its connections are not used again, and nothing else.
        let offset: Int?
    }

    /// The process lives.
    package let isAlive: Bool
    /// What a third process had offered to it is its own.
    private let hasOffered: Bool
    private let memory: SharedMemory
    /// Where that process has mapped the file.
    private let base: UInt64
    /// The addresses of the connections that threads were changing.
    private let busy: Set<UInt64>
    package let chunks: [Chunk]

    /// - Parameters:
    ///   - file: the arena. It is taken, also on failure.
    ///   - published: the pages of the same process.
    package init(
        file: Int32, _ published: PublishedPages, isAlive: Bool = false, hasOffered: Bool = true
    ) throws(SystemError) {
        (self.isAlive, self.hasOffered) = (isAlive, hasOffered)
        memory = try SharedMemory(sharing: file, Self.name, isWritable: false) {
            $0 >= 1 << 24 && Arena.blocksOffset(size: $0) < $0
        }
        let header = memory.base.load(as: Arena.Header.self)
        guard header == Arena.Header(base: header.base) else { throw SharedMemory.foreign(Self.name) }
        base = header.base
        busy = published.changing
        chunks = Self.chunks(in: memory, loopCount: published.loops.count)
    }

    private static let name = "the connections"

    private var file: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: memory.base, count: memory.size) }

    private static func chunks(in memory: SharedMemory, loopCount: Int) -> [Chunk] {
        var chunks: [Chunk] = []
        var counts = Array(repeating: 0, count: loopCount)
        // Two loops list their chunks at the same time, so one entry may be there before an earlier one.
        var missing = 0
        for number in 0..<SlotDirectory.chunkLimit where missing <= loopCount {
            let place = Arena.chunkTableOffset + number * MemoryLayout<Arena.ChunkEntry>.stride
            let entry = memory.base.load(fromByteOffset: place, as: Arena.ChunkEntry.self)
            missing = entry.offset == 0 ? missing + 1 : 0
            let offset = Int(clamping: entry.offset)
            let isValid =
                entry.loop < UInt64(loopCount) && offset % 4_096 == 0
                && offset >= Arena.blocksOffset(size: memory.size) && offset <= memory.size - SlotChunk.size
            let loop = isValid ? Int(entry.loop) : 0
            chunks.append(Chunk(number: number, loop: loop, ordinal: counts[loop], offset: isValid ? offset : nil))
            counts[loop] += 1
        }
        return chunks.dropLast(missing)
    }

    // MARK: Connections

    /// What is left of a chunk.
    package struct Content {
        package var remains: [Remains] = []
        package var lost = Succession()
        /// Connections that were over.
        var ending = 0
        /// The places in the chunk of the connections that stay where they are.
        var staying: Set<Int> = []
        /// How many connections each slot has had: half of their ids.
        var generations = [UInt32](repeating: 0, count: SlotChunk.slotCount)

        /// Connections.
        package var count: Int { remains.count + lost.lostCount + ending }
    }

    package func content(of chunk: Chunk) -> Content {
        var content = Content()
        guard let offset = chunk.offset else { return content }
        for index in 0..<SlotChunk.slotCount {
            let place = offset + index * SlotChunk.stride
            content.generations[index] = ConnectionSlot.generation(in: memory.base + place)
            switch remains(at: place, index, of: chunk, chunkOffset: offset) {
            case .vacant: break
            case .ending: content.ending += 1
            case .elsewhere: content.staying.insert(index)
            case .lost(let reason):
                if isAlive { content.staying.insert(index) } else { content.lost.lose(reason) }
            case .left(let remains): content.remains.append(remains)
            }
        }
        return content
    }

    private enum Finding {
        case vacant
        /// Nothing of it has to go on.
        case ending
        /// A third process has it.
        case elsewhere
        case lost(Loss)
        case left(Remains)
    }

    private func remains(at place: Int, _ index: Int, of chunk: Chunk, chunkOffset: Int) -> Finding {
        // Copies, because other processes may have the file mapped.
        guard var slot = ConnectionSlot(checking: memory.base + place) else { return .lost(.damaged) }
        if slot.place == .elsewhere || slot.place == .offered && !hasOffered { return .elsewhere }
        if slot.state.isVacant { return slot.place == .loop ? .vacant : .lost(.damaged) }
        if busy.contains(base + UInt64(place)) { return .lost(.busy) }
        if isAlive, slot.place == .worker { return .lost(.worker) }
        if isAlive, !slot.state.isParked || slot.state.isAborting { return .lost(.busy) }
        guard slot.index == UInt32(chunk.ordinal * SlotChunk.slotCount + index), slot.generation != 0 else {
            return .lost(.damaged)
        }
        if slot.state.life == .ended || slot.state.isAborting { return .ending }
        let links = chunkOffset + SlotChunk.slotCount * SlotChunk.stride + index * SlotChunk.stride
        if word(links + MemoryLayout<ConnectionLinks>.offset(of: \.transport)!) != 0 { return .lost(.tls) }
        let recordPlace = chunkOffset + SlotChunk.recoveryOffset + index * SlotChunk.recoveryStride
        guard let record = RecoveryRecord(checking: memory.base + recordPlace) else { return .lost(.damaged) }
        let id = ConnectionID(
            generation: slot.generation, slot: UInt32(chunk.number * SlotChunk.slotCount + index)
        ).rawValue
        guard record.awaitedCount == 0 else { return .lost(.work) }
        if isAlive, slot.state.hasSession, record.kept == .nothing { return .lost(.session) }
        guard slot.state.becomeInherited() else { return .lost(.busy) }
        guard let kept = keptBytes(record, id), var input = input(slot, links, record, id),
            let groups = groups(record, id)
        else { return .lost(.damaged) }
        if slot.place == .worker, let finding = comeBack(&slot, record, &input) { return finding }
        slot.inputCount = input.count
        switch output(links, id) {
        case .failure(let loss): return .lost(loss.reason)
        case .success(let output):
            return .left(Remains(slot: slot, record: record, kept: kept, input: input, output: output, groups: groups))
        }
    }

    /// Takes a connection back from a worker that has not begun its call, or has ended it. nil: it can go on.
    private func comeBack(
        _ slot: inout ConnectionSlot, _ record: RecoveryRecord, _ input: inout UnsafeRawBufferPointer
    ) -> Finding? {
        guard let call = CallbackKind(rawValue: record.call), slot.state.hasSession || call == .opened else {
            return .lost(.damaged)
        }
        if record.holdsMessages { return .lost(.worker) }
        guard record.hasReturned else {
            if call == .delivery { return .lost(.work) }
            if call == .timer { slot.timerDeadline = 1 }
            slot.state.mustRepeat(call)
            return nil
        }
        // What the loop does when `opened` has returned is not known to have happened, and a session that has changed must be saved.
        if call == .opened || slot.state.mustCheckpoint { return .lost(.worker) }
        guard call == .received else { return nil }
        // The plugin has given the connection up.
        if record.consumed == .max { return .ending }
        guard record.consumed <= UInt32(clamping: input.count) else { return .lost(.damaged) }
        input = UnsafeRawBufferPointer(rebasing: input[Int(record.consumed)...])
        let isWanted = slot.wantedInput != 0 && record.consumed > 0 && input.count >= Int(slot.wantedInput)
        if !input.isEmpty, isWanted || slot.state.flow != .flows { slot.state.mustRepeat(.received) }
        return nil
    }

    /// Bytes at an address of the dead process. nil: they are not in a block.
    private func bytes(at address: UInt64, _ count: Int) -> UnsafeRawBufferPointer? {
        let offset = address &- base
        guard count >= 0, offset >= UInt64(Arena.blocksOffset(size: memory.size)), offset < UInt64(memory.size),
            count <= memory.size - Int(offset)
        else { return nil }
        return UnsafeRawBufferPointer(start: memory.base + Int(offset), count: count)
    }

    /// nil: it is damaged.
    private func keptBytes(_ record: RecoveryRecord, _ id: UInt64) -> UnsafeRawBufferPointer? {
        guard record.kept != .nothing else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        let (count, owner) = (Int(record.keptCount), RecoveryRecord.ownerOffset(Int(record.keptCount)))
        guard let all = bytes(at: UInt64(UInt(bitPattern: record.bytes)), owner + 8),
            all.loadUnaligned(fromByteOffset: owner, as: UInt64.self) == id
        else { return nil }
        return UnsafeRawBufferPointer(rebasing: all[..<count])
    }

    /// nil: they are damaged.
    private func groups(_ record: RecoveryRecord, _ id: UInt64) -> [Remains.Group]? {
        var groups: [Remains.Group] = []
        var next = UInt64(UInt(bitPattern: record.memberships))
        while next != 0 {
            guard groups.count < Int(MARTLET_GROUP_LIMIT),
                let (one, name) = KeptMembership.read({ bytes(at: next, $0) }), one.owner == id
            else { return nil }
            groups.append(Remains.Group(name: name, closes: one.closes, backlog: Int(clamping: one.backlog)))
            next = UInt64(UInt(bitPattern: one.next))
        }
        return groups
    }

    private func word(_ place: Int) -> UInt64 { memory.base.loadUnaligned(fromByteOffset: place, as: UInt64.self) }

    /// Unconsumed input. nil: it is damaged.
    private func input(
        _ slot: ConnectionSlot, _ links: Int, _ record: RecoveryRecord, _ id: UInt64
    ) -> UnsafeRawBufferPointer? {
        let address = word(links + MemoryLayout<ConnectionLinks>.offset(of: \.input)!)
        guard address != 0 else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        let expected = ConnectionSlot.inputSeal(
            id, address, start: slot.inputStart, count: slot.inputCount, capacity: slot.inputCapacity)
        guard record.inputSeal == expected, hasBlock(address, slot.inputCapacity, of: id),
            slot.inputStart <= slot.inputCapacity, slot.inputCount <= slot.inputCapacity - slot.inputStart
        else { return nil }
        return bytes(at: address + UInt64(slot.inputStart), slot.inputCount)
    }

    /// Whether a block of at least this size begins there and belongs to the connection.
    private func hasBlock(_ address: UInt64, _ capacity: Int, of id: UInt64) -> Bool {
        guard address >= base, let note = Arena.note(at: Int(clamping: address - base), in: file) else { return false }
        return note.owner == id && UInt64(clamping: capacity) <= note.capacity
    }

    private struct OutputLoss: Error {
        let reason: Loss
    }

    private func output(_ links: Int, _ id: UInt64) -> Result<[Remains.Piece], OutputLoss> {
        var pieces: [Remains.Piece] = []
        var visited: Set<UInt64> = []
        var address = word(links + MemoryLayout<ConnectionLinks>.offset(of: \.outputHead)!)
        while address != 0 {
            guard visited.insert(address).inserted, let bytes = bytes(at: address, MemoryLayout<OutputSegment>.size),
                let segment = OutputSegment.Remains(checking: bytes.baseAddress!), segment.owner == id
            else { return .failure(OutputLoss(reason: .damaged)) }
            switch piece(segment, id) {
            case .failure(let loss): return .failure(loss)
            case .success(let piece): pieces.append(piece)
            }
            address = segment.next
        }
        return .success(pieces)
    }

    private func piece(_ segment: OutputSegment.Remains, _ id: UInt64) -> Result<Remains.Piece, OutputLoss> {
        if segment.kind == .file {
            return .success(.file(segment.file, offset: segment.offset, count: segment.remaining))
        }
        guard segment.block != 0 else { return .failure(OutputLoss(reason: .lent)) }
        let owner = segment.kind == .copied ? id : Arena.sharedOwner
        guard segment.position >= segment.block, segment.remaining >= 0,
            segment.position - segment.block <= UInt64(Int.max),
            hasBlock(segment.block, Int(segment.position - segment.block) &+ segment.remaining, of: owner),
            let bytes = bytes(at: segment.position, segment.remaining)
        else { return .failure(OutputLoss(reason: .damaged)) }
        return .success(.bytes(bytes))
    }
}
