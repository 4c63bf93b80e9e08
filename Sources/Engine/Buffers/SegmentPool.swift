/// Unused output segments, kept for reuse.
struct SegmentPool: ~Copyable {
    private static let keepLimit = 1_024
    private var free: UnsafeMutablePointer<OutputSegment>?
    private var count = 0

    mutating func take(_ segment: OutputSegment) -> UnsafeMutablePointer<OutputSegment> {
        guard let taken = free else {
            let made = UnsafeMutablePointer<OutputSegment>.allocate(capacity: 1)
            made.initialize(to: segment)
            return made
        }
        free = taken.pointee.next
        count -= 1
        taken.pointee = segment
        return taken
    }

    mutating func give(_ segment: UnsafeMutablePointer<OutputSegment>) {
        guard count < Self.keepLimit else {
            segment.deallocate()
            return
        }
        segment.pointee.next = free
        free = segment
        count += 1
    }

    deinit {
        var next = free
        while let segment = next {
            next = segment.pointee.next
            segment.deallocate()
        }
    }
}
