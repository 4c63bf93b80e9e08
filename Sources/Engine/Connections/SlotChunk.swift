import Glibc

/// The memory of 256 slots, which are plain values, followed by that of their links. It never moves, so a pointer to a slot stays
/// valid, and the distance from a slot to its links is the same everywhere.
enum SlotChunk {
    static let slotCount = 256
    /// Of slots and of links: two cache lines.
    private static let stride = 128

    /// nil: no memory.
    ///
    /// - Parameter firstIndex: the number of the first slot among those of its loop.
    static func allocate(firstIndex: UInt32) -> ConnectionPointer? {
        precondition(MemoryLayout<ConnectionSlot>.stride == stride && MemoryLayout<ConnectionLinks>.stride <= stride)
        var memory: UnsafeMutableRawPointer?
        guard posix_memalign(&memory, stride, 2 * slotCount * stride) == 0, let memory else { return nil }
        let slots = memory.bindMemory(to: ConnectionSlot.self, capacity: slotCount)
        for offset in 0..<slotCount {
            (slots + offset).initialize(to: ConnectionSlot(index: firstIndex + UInt32(offset), generation: 0))
        }
        return slots
    }

    static func free(_ slots: ConnectionPointer) { Glibc.free(slots) }

    @inline(__always)
    static func links(of slot: ConnectionPointer) -> UnsafeMutablePointer<ConnectionLinks> {
        (UnsafeMutableRawPointer(slot) + slotCount * stride).assumingMemoryBound(to: ConnectionLinks.self)
    }
}

extension ConnectionPointer {
    @inline(__always)
    package var links: UnsafeMutablePointer<ConnectionLinks> { SlotChunk.links(of: self) }
}
