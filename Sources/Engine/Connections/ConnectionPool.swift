/// The connections of one event loop: slots in chunks that never move.
///
/// Grows by a chunk when all slots are taken. A slot's generation goes up with each connection in it; an id with
/// another generation is stale.
package struct ConnectionPool: ~Copyable {
    private let directory: SlotDirectory
    private let loop: UInt32
    private var chunks: ContiguousArray<ConnectionPointer> = []
    /// The number of the first slot of each chunk among those of the process.
    private var firstNumbers: ContiguousArray<UInt32> = []
    private var free: ContiguousArray<UInt32> = []
    /// Slots for connections that another process has.
    private var reserved: Set<UInt32> = []
    /// Slots in use, and reserved ones.
    package private(set) var count = 0

    package init(loop: UInt32, directory: SlotDirectory) {
        self.loop = loop
        self.directory = directory
    }

    package var capacity: Int { chunks.count * SlotChunk.slotCount }

    /// A free slot, or nil when there is no id or no memory for one more connection.
    mutating func take(context: CallbackContextPointer, binding: BindingPointer) -> ConnectionPointer? {
        if free.isEmpty { addChunk() }
        guard let index = free.popLast() else { return nil }
        let connection = pointer(index)
        let generation = connection.pointee.generation == .max ? 1 : connection.pointee.generation + 1
        connection.pointee = ConnectionSlot(index: index, generation: generation)
        connection.links.initialize(to: ConnectionLinks(context: context, binding: binding, number: number(of: index)))
        connection.recovery.initialize(to: RecoveryRecord())
        count += 1
        return connection
    }

    mutating func give(_ connection: ConnectionPointer) {
        connection.pointee.state = ConnectionState()
        connection.pointee.place = .loop
        free.append(connection.pointee.index)
        count -= 1
    }

    func pointer(_ index: UInt32) -> ConnectionPointer {
        chunks[Int(index) / SlotChunk.slotCount] + Int(index) % SlotChunk.slotCount
    }

    private func number(of index: UInt32) -> UInt32 {
        firstNumbers[Int(index) / SlotChunk.slotCount] + index % UInt32(SlotChunk.slotCount)
    }

    /// The connection that an id names, if it has a session or a worker has it.
    package func find(_ id: ConnectionID) -> ConnectionPointer? {
        guard directory.loop(of: id.slot) == Int(loop), let connection = directory.slot(id.slot),
            connection.pointee.generation == id.generation,
            connection.pointee.place == .worker
                || connection.pointee.place == .loop && connection.pointee.state.hasSession
        else { return nil }
        return connection
    }

    var chunkCount: Int { chunks.count }

    func forEachOpen(inChunk index: Int, _ body: (ConnectionPointer) -> Void) {
        let chunk = chunks[index]
        // A worker may be writing the state of a connection that it has.
        for offset in 0..<SlotChunk.slotCount
        where chunk[offset].place == .worker || chunk[offset].place == .loop && !chunk[offset].state.isVacant {
            body(chunk + offset)
        }
    }

    // MARK: Connections of another process

    /// Makes a chunk with the ids of one of that process, and keeps the slots of its connections for them. When that process is read again,
    /// the slots of those that have ended meanwhile are free. False: there is no memory.
    ///
    /// - Parameter number: of the chunk among those of the process: one that is here already, or the next one.
    mutating func inherit(_ number: Int, _ generations: [UInt32], occupied: Set<Int>) -> Bool {
        let number = UInt32(number * SlotChunk.slotCount)
        if let known = firstNumbers.firstIndex(of: number) {
            let chunk = UInt32(known * SlotChunk.slotCount)..<UInt32((known + 1) * SlotChunk.slotCount)
            for index in reserved where chunk.contains(index) && !occupied.contains(Int(index - chunk.lowerBound)) {
                reserved.remove(index)
                pointer(index).pointee.place = .loop
                free.append(index)
                count -= 1
            }
            return true
        }
        let first = UInt32(capacity)
        addChunk()
        guard capacity > Int(first), firstNumbers.last == number else { return false }
        for offset in 0..<SlotChunk.slotCount { chunks[chunks.count - 1][offset].generation = generations[offset] }
        free.removeAll { $0 >= first && occupied.contains(Int($0 - first)) }
        for offset in occupied {
            reserved.insert(first + UInt32(offset))
            chunks[chunks.count - 1][offset].place = .elsewhere
        }
        count += occupied.count
        return true
    }

    /// Keeps the slot of a connection for it, which goes on in the other process for now.
    mutating func reserve(_ connection: ConnectionPointer) {
        connection.pointee.state = ConnectionState()
        connection.pointee.place = .elsewhere
        reserved.insert(connection.pointee.index)
    }

    /// Puts a connection of that process into its slot. nil: the slot is not kept for it.
    ///
    /// - Parameter isOffered: that process has not let go of it.
    mutating func occupy(
        _ slot: ConnectionSlot, isOffered: Bool, _ context: CallbackContextPointer
    ) -> ConnectionPointer? {
        guard reserved.remove(slot.index) != nil else { return nil }
        let connection = pointer(slot.index)
        connection.pointee = slot
        connection.pointee.place = isOffered ? .offered : .limbo
        connection.pointee.descriptor = -1
        (connection.pointee.inputStart, connection.pointee.inputCount, connection.pointee.outputBytes) = (0, 0, 0)
        // Nobody looks at the binding of a connection in limbo.
        let nobody = BindingPointer(bitPattern: MemoryLayout<Binding>.alignment)!
        connection.links.initialize(
            to: ConnectionLinks(context: context, binding: nobody, number: number(of: slot.index)))
        return connection
    }

    func forEachInLimbo(inChunk index: Int, _ body: (ConnectionPointer) -> Void) {
        for offset in 0..<SlotChunk.slotCount
        where chunks[index][offset].place == .limbo || chunks[index][offset].place == .offered {
            body(chunks[index] + offset)
        }
    }

    private mutating func addChunk() {
        let first = UInt32(capacity)
        guard let (chunk, number) = directory.addChunk(to: loop, firstIndex: first) else { return }
        chunks.append(chunk)
        firstNumbers.append(number)
        // The lowest index is taken first.
        for offset in (0..<SlotChunk.slotCount).reversed() { free.append(first + UInt32(offset)) }
    }

    deinit {
        for chunk in chunks { directory.free(chunk) }
    }
}
