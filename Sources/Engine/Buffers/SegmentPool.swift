/// Unused output segments, kept for reuse.
struct SegmentPool: ~Copyable {
    private static let keepLimit = 1_024
    private var free: ContiguousArray<UnsafeMutablePointer<OutputSegment>> = []

    mutating func take(_ segment: OutputSegment) -> UnsafeMutablePointer<OutputSegment> {
        let taken = free.popLast() ?? .allocate(capacity: 1)
        taken.initialize(to: segment)
        return taken
    }

    mutating func give(_ segment: UnsafeMutablePointer<OutputSegment>) {
        if free.count < Self.keepLimit { free.append(segment) } else { segment.deallocate() }
    }

    deinit { for segment in free { segment.deallocate() } }
}
