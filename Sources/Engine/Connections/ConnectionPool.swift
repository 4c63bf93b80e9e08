import CMartlet

/// The connections of one event loop: slots in chunks that never move, so that a pointer to a slot stays valid.
///
/// Grows by a chunk when all slots are taken. A slot's generation goes up with each connection in it; an id with
/// another generation is stale.
package struct ConnectionPool: ~Copyable {
    static let chunkSize = 256

    private var chunks: ContiguousArray<ConnectionPointer> = []
    private var free: ContiguousArray<UInt32> = []
    /// Slots in use.
    package private(set) var count = 0

    package var capacity: Int { chunks.count * Self.chunkSize }

    /// A free slot, or nil when there is no id for one more connection.
    mutating func take(context: CallbackContextPointer, binding: BindingPointer) -> ConnectionPointer? {
        if free.isEmpty { addChunk(context: context, binding: binding) }
        guard let index = free.popLast() else { return nil }
        let connection = pointer(index)
        let generation = connection.pointee.generation == .max ? 1 : connection.pointee.generation + 1
        connection.pointee = ConnectionSlot(
            index: index, generation: generation, context: context, binding: binding)
        count += 1
        return connection
    }

    mutating func give(_ connection: ConnectionPointer) {
        connection.pointee.state = ConnectionState()
        free.append(connection.pointee.index)
        count -= 1
    }

    func pointer(_ index: UInt32) -> ConnectionPointer {
        chunks[Int(index) / Self.chunkSize] + Int(index) % Self.chunkSize
    }

    /// The connection that an id names, if it is still there.
    func find(_ id: ConnectionID) -> ConnectionPointer? {
        guard Int(id.slot) < capacity else { return nil }
        let connection = pointer(id.slot)
        guard connection.pointee.generation == id.generation,
            connection.pointee.place == .worker || connection.pointee.state.hasSession
        else { return nil }
        return connection
    }

    var chunkCount: Int { chunks.count }

    func forEachOpen(inChunk index: Int, _ body: (ConnectionPointer) -> Void) {
        let chunk = chunks[index]
        for offset in 0..<Self.chunkSize where !chunk[offset].state.isVacant { body(chunk + offset) }
    }

    private mutating func addChunk(context: CallbackContextPointer, binding: BindingPointer) {
        guard capacity + Self.chunkSize <= ConnectionID.slotLimit else { return }
        let chunk = ConnectionPointer.allocate(capacity: Self.chunkSize)
        let first = UInt32(capacity)
        for offset in 0..<Self.chunkSize {
            (chunk + offset).initialize(
                to: ConnectionSlot(index: first + UInt32(offset), generation: 0, context: context, binding: binding))
        }
        chunks.append(chunk)
        // The lowest index is taken first.
        for offset in (0..<Self.chunkSize).reversed() { free.append(first + UInt32(offset)) }
    }

    deinit {
        for chunk in chunks { chunk.deallocate() }
    }
}

extension ConnectionSlot {
    init(index: UInt32, generation: UInt32, context: CallbackContextPointer, binding: BindingPointer) {
        self.init(
            context: context, binding: binding, session: nil, transportState: nil, descriptor: -1, index: index,
            generation: generation,
            state: ConnectionState(), place: .loop, closeReason: .plugin, readShift: 0,
            origin: UInt8(MARTLET_ORIGIN_ACCEPTED),
            transport: Transport.plain, prepaid: 0,
            input: nil, inputCapacity: 0, inputStart: 0, inputCount: 0, wantedInput: 0, lowWaterMark: 0,
            outputHead: nil, outputTail: nil,
            outputBytes: 0, lastActivity: 0, lastWriteProgress: 0, timerDeadline: 0, openedAt: 0,
            requestStarted: 0, requestBytes: 0, throttledUntil: 0, address: nil, network: nil, peer: PeerAddress(),
            local: PeerAddress(), endpoint: nil, nextListener: nil)
    }
}
