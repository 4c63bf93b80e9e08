import Glibc

/// The memory of 256 slots and of what lies beside them. It never moves, so a pointer to a slot stays valid.
///
/// First the slots, which are plain values, then their links at half the stride: the address of a slot alone tells where its links
/// and the number of its chunk are.
enum SlotChunk {
    static let slotCount = 256
    /// Size and alignment of a chunk.
    private static let size: UInt = 64 << 10
    private static let slotStride = 160
    private static let linksOffset = UInt(slotCount * slotStride)
    /// Where the number of the chunk is, among those of the process.
    private static let numberOffset = Int(linksOffset) + slotCount * slotStride / 2

    /// nil: no memory.
    static func allocate(number: UInt32, firstIndex: UInt32) -> ConnectionPointer? {
        precondition(
            MemoryLayout<ConnectionSlot>.stride == slotStride && MemoryLayout<ConnectionLinks>.stride == slotStride / 2
                && numberOffset + MemoryLayout<UInt32>.size <= size)
        var memory: UnsafeMutableRawPointer?
        guard posix_memalign(&memory, Int(size), Int(size)) == 0, let memory else { return nil }
        let slots = memory.bindMemory(to: ConnectionSlot.self, capacity: slotCount)
        for offset in 0..<slotCount {
            (slots + offset).initialize(to: ConnectionSlot(index: firstIndex + UInt32(offset), generation: 0))
        }
        memory.storeBytes(of: number, toByteOffset: numberOffset, as: UInt32.self)
        return slots
    }

    static func free(_ slots: ConnectionPointer) { Glibc.free(slots) }

    @inline(__always)
    static func links(of slot: ConnectionPointer) -> UnsafeMutablePointer<ConnectionLinks> {
        let address = UInt(bitPattern: slot)
        let (base, offset) = (address & ~(size - 1), address & (size - 1))
        return UnsafeMutablePointer(bitPattern: base + linksOffset + offset / 2).unsafelyUnwrapped
    }

    /// The number of a slot among those of the process.
    static func number(of slot: ConnectionPointer) -> UInt32 {
        let address = UInt(bitPattern: slot)
        let (base, offset) = (address & ~(size - 1), address & (size - 1))
        let chunk = UnsafeRawPointer(bitPattern: base).unsafelyUnwrapped.load(
            fromByteOffset: numberOffset, as: UInt32.self)
        return chunk * UInt32(slotCount) + UInt32(offset) / UInt32(slotStride)
    }
}

extension ConnectionPointer {
    @inline(__always)
    package var links: UnsafeMutablePointer<ConnectionLinks> { SlotChunk.links(of: self) }
}
