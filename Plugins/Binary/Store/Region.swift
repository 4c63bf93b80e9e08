import Glibc

/// 16 MiB of address space in granules of 64 KiB: where the blocks of `StoreHeap` come from.
///
/// What is free costs no memory, because the kernel takes the pages of a granule back (madvise(2)) and gives new ones when
/// they are touched again. A region stays where it is mapped, so nothing is left to merge or to move.
struct Region: BitwiseCopyable, Equatable {
    static var granuleBytes: Int { 1 << 16 }
    static var bytes: Int { 1 << 24 }
    private static var granules: Int { bytes / granuleBytes }
    /// The longest run: the first granule is taken by the header.
    static var longestRun: Int { granules - 1 }

    private struct Header: BitwiseCopyable {
        /// A bit for each granule: taken, or free but with its pages.
        var used = GranuleSet()
        var backed = GranuleSet()
        var freeGranules = Region.longestRun
        /// No run of free granules is longer than this.
        var longestFreeRun = Region.longestRun
    }

    private let header: UnsafeMutablePointer<Header>

    /// nil: no memory.
    init?() {
        // Twice as much, so that a region that begins at a multiple of its size is among it. All else goes at once.
        guard let mapped = mmap(nil, 2 * Self.bytes, PROT_READ | PROT_WRITE, Self.mappingFlags, -1, 0),
            mapped != UnsafeMutableRawPointer(bitPattern: -1)
        else { return nil }
        let base = mapped.alignedUp(toMultipleOf: Self.bytes)
        let before = base - mapped
        if before > 0 { munmap(mapped, before) }
        munmap(base + Self.bytes, Self.bytes - before)
        header = base.bindMemory(to: Header.self, capacity: 1)
        header.initialize(to: Header())
        header.pointee.used[0] = true
    }

    /// MAP_NORESERVE: address space is not memory.
    private static var mappingFlags: Int32 { MAP_PRIVATE | MAP_ANONYMOUS | Int32(MAP_NORESERVE) }

    /// The region in which a granule lies.
    init(of granule: UnsafeMutableRawPointer) {
        let base = UnsafeMutableRawPointer(bitPattern: UInt(bitPattern: granule) & ~UInt(Self.bytes - 1))
        header = base!.assumingMemoryBound(to: Header.self)
    }

    func unmap() { munmap(header, Self.bytes) }

    var isEmpty: Bool { header.pointee.freeGranules == Self.longestRun }

    /// Takes the first run of so many free granules, and says how many of them had kept their pages. nil: there is none.
    func take(_ count: Int) -> (run: UnsafeMutableRawPointer, backed: Int)? {
        guard count <= header.pointee.longestFreeRun, count <= header.pointee.freeGranules else { return nil }
        var length = 0
        for granule in 1..<Self.granules {
            length = header.pointee.used[granule] ? 0 : length + 1
            guard length == count else { continue }
            let first = granule + 1 - count
            var backed = 0
            for index in first...granule {
                header.pointee.used[index] = true
                if header.pointee.backed[index] { backed += 1 }
                header.pointee.backed[index] = false
            }
            header.pointee.freeGranules -= count
            return (UnsafeMutableRawPointer(header) + first * Self.granuleBytes, backed)
        }
        header.pointee.longestFreeRun = count - 1
        return nil
    }

    /// Makes a run free. `backed`: its pages have not been given back.
    func free(_ run: UnsafeMutableRawPointer, _ count: Int, backed: Bool) {
        let first = (run - UnsafeMutableRawPointer(header)) / Self.granuleBytes
        for index in first..<first + count {
            assert(header.pointee.used[index], "a granule is freed twice")
            header.pointee.used[index] = false
            header.pointee.backed[index] = backed
        }
        header.pointee.freeGranules += count
        header.pointee.longestFreeRun = Self.longestRun
    }

    /// How many free granules have kept their pages.
    var backedGranules: Int { header.pointee.backed.count }
}

/// A bit for each granule of a region.
private struct GranuleSet: BitwiseCopyable {
    private var words = InlineArray<4, UInt64>(repeating: 0)

    subscript(_ granule: Int) -> Bool {
        get { words[granule >> 6] & 1 << UInt64(granule & 63) != 0 }
        set {
            let bit = UInt64(1) << UInt64(granule & 63)
            if newValue { words[granule >> 6] |= bit } else { words[granule >> 6] &= ~bit }
        }
    }

    /// How many are set.
    var count: Int {
        words[0].nonzeroBitCount + words[1].nonzeroBitCount + words[2].nonzeroBitCount + words[3].nonzeroBitCount
    }
}
