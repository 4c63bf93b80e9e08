/// The memory of 256 slots, which are plain values, followed by that of their links and of their recovery records. It never moves, so a
/// pointer to a slot stays valid, and what belongs to a slot follows from its address.
enum SlotChunk {
    static let slotCount = 256
    /// Of slots and of links: two cache lines.
    static let stride = 128
    static let recoveryStride = 96
    static let recoveryOffset = 2 * slotCount * stride
    static let size = recoveryOffset + slotCount * recoveryStride

    /// nil: no memory.
    ///
    /// - Parameter firstIndex: the number of the first slot among those of its loop.
    static func allocate(firstIndex: UInt32, in arena: Arena) -> ConnectionPointer? {
        precondition(
            MemoryLayout<ConnectionSlot>.stride == stride && MemoryLayout<ConnectionLinks>.stride <= stride
                && MemoryLayout<RecoveryRecord>.stride <= recoveryStride)
        guard let memory = arena.allocate(size) else { return nil }
        let slots = memory.bindMemory(to: ConnectionSlot.self, capacity: slotCount)
        for offset in 0..<slotCount {
            (slots + offset).initialize(to: ConnectionSlot(index: firstIndex + UInt32(offset), generation: 0))
        }
        return slots
    }

    @inline(__always)
    static func links(of slot: ConnectionPointer) -> UnsafeMutablePointer<ConnectionLinks> {
        (UnsafeMutableRawPointer(slot) + slotCount * stride).assumingMemoryBound(to: ConnectionLinks.self)
    }

    /// The distance from a slot to its record depends on its place in the chunk.
    static func recovery(of slot: ConnectionPointer) -> UnsafeMutablePointer<RecoveryRecord> {
        let offset = Int(slot.pointee.index) % slotCount
        let chunk = UnsafeMutableRawPointer(slot) - offset * stride
        return (chunk + recoveryOffset + offset * recoveryStride).assumingMemoryBound(to: RecoveryRecord.self)
    }
}

extension ConnectionPointer {
    @inline(__always)
    package var links: UnsafeMutablePointer<ConnectionLinks> { SlotChunk.links(of: self) }
}
