/// Unused output segments, kept for reuse.
struct SegmentPool: ~Copyable {
    private static let keepLimit = 1_024
    private static let size = MemoryLayout<OutputSegment>.size

    private let arena: Arena
    private var free: ContiguousArray<UnsafeMutablePointer<OutputSegment>> = []

    init(arena: Arena) { self.arena = arena }

    /// nil: there is no memory.
    mutating func take(_ segment: OutputSegment) -> UnsafeMutablePointer<OutputSegment>? {
        if let taken = free.popLast() {
            taken.initialize(to: segment)
            return taken
        }
        let taken = arena.allocate(Self.size)?.bindMemory(to: OutputSegment.self, capacity: 1)
        taken?.initialize(to: segment)
        return taken
    }

    mutating func give(_ segment: UnsafeMutablePointer<OutputSegment>) {
        if free.count < Self.keepLimit { free.append(segment) } else { arena.free(segment, Self.size) }
    }

    deinit { for segment in free { arena.free(segment, Self.size) } }
}
