import Glibc
import Synchronization

/// The slots of all event loops of the process: which loop has a slot, and where it is. An id names a slot, not a loop, so a
/// connection may come to another loop.
package final class SlotDirectory: Sendable {
    /// The most chunks. So the process can have 16,777,216 connections, more than `max_connections` allows.
    static let chunkLimit = 1 << 16

    /// The first slot of each chunk. Memory that is never touched costs nothing.
    nonisolated(unsafe) private let chunks: UnsafeMutablePointer<Atomic<UInt>>
    /// For each slot: the number of its loop, plus 1; 0: none.
    nonisolated(unsafe) private let loops: UnsafeMutablePointer<Atomic<UInt16>>
    private let count = Atomic<UInt32>(0)
    /// For each descriptor: 1: a connection has it. The kernel hands out the lowest free number, so higher ones are rare.
    nonisolated(unsafe) private let isOwned: UnsafeMutablePointer<Atomic<UInt8>>
    private static let descriptorLimit = 1 << 24
    /// The memory of the slots.
    private let arena: Arena
    let ends = ConnectionEnds()

    package init(arena: Arena) {
        self.arena = arena
        chunks = Self.zeroed(Self.chunkLimit)
        loops = Self.zeroed(Self.chunkLimit * SlotChunk.slotCount)
        isOwned = Self.zeroed(Self.descriptorLimit)
    }

    private static func zeroed<Value: ~Copyable>(_ count: Int) -> UnsafeMutablePointer<Value> {
        guard let memory = calloc(count, MemoryLayout<Value>.stride) else { fatalError("no memory for event loops") }
        return memory.bindMemory(to: Value.self, capacity: count)
    }

    /// Makes 256 slots for a loop. Returns them with the number of the first among those of the process. nil: there are too many, or no
    /// memory.
    func addChunk(to loop: UInt32, firstIndex: UInt32) -> (slots: ConnectionPointer, firstNumber: UInt32)? {
        guard count.load(ordering: .relaxed) < Self.chunkLimit,
            let slots = SlotChunk.allocate(firstIndex: firstIndex, in: arena)
        else { return nil }
        let number = count.wrappingAdd(1, ordering: .relaxed).oldValue
        guard number < Self.chunkLimit else {
            free(slots)
            return nil
        }
        for offset in 0..<SlotChunk.slotCount {
            loops[Int(number) * SlotChunk.slotCount + offset].store(UInt16(loop) + 1, ordering: .relaxed)
        }
        chunks[Int(number)].store(UInt(bitPattern: slots), ordering: .releasing)
        arena.list(chunk: slots, as: Int(number), of: loop)
        return (slots, number * UInt32(SlotChunk.slotCount))
    }

    /// The memory of a chunk, which no connection uses.
    func free(_ chunk: ConnectionPointer) { arena.free(chunk, SlotChunk.size) }

    /// The number of the loop that has a slot. nil: there is no such slot.
    func loop(of slot: UInt32) -> Int? {
        guard slot < UInt32(Self.chunkLimit * SlotChunk.slotCount) else { return nil }
        let entry = loops[Int(slot)].load(ordering: .relaxed)
        return entry == 0 ? nil : Int(entry) - 1
    }

    func slot(_ number: UInt32) -> ConnectionPointer? {
        let chunk = Int(number) / SlotChunk.slotCount
        guard chunk < Self.chunkLimit else { return nil }
        let slots = ConnectionPointer(bitPattern: chunks[chunk].load(ordering: .acquiring))
        return slots.map { $0 + Int(number) % SlotChunk.slotCount }
    }

    /// A connection waits for one completion more, or less. Nothing happens to the one that has its slot by now.
    func changeAwaited(_ id: ConnectionID, by change: Int) {
        guard let connection = slot(id.slot), connection.pointee.generation == id.generation else { return }
        let awaited = connection.awaited
        if change > 0 {
            awaited.pointee.wrappingAdd(1, ordering: .relaxed)
        } else if awaited.pointee.load(ordering: .relaxed) > 0 {
            awaited.pointee.wrappingSubtract(1, ordering: .relaxed)
        }
    }

    // MARK: Descriptors

    /// A connection has this descriptor from now on. False: another one has it, which somebody else must have closed.
    func own(_ descriptor: Int32) -> Bool {
        guard descriptor >= 0, descriptor < Self.descriptorLimit else { return true }
        return isOwned[Int(descriptor)].exchange(1, ordering: .relaxed) == 0
    }

    /// Called before close(2).
    func disown(_ descriptor: Int32) {
        guard descriptor >= 0, descriptor < Self.descriptorLimit else { return }
        isOwned[Int(descriptor)].store(0, ordering: .relaxed)
    }

    /// The slots of all loops are gone.
    deinit {
        Glibc.free(chunks)
        Glibc.free(loops)
        Glibc.free(isOwned)
    }
}
