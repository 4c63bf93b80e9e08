import Glibc

/// 16 MiB of address space in granules of 64 KiB, from which `StoreHeap` takes its blocks.
///
/// A free granule costs no memory: the kernel takes its pages back (madvise(2)) and provides new ones when they are
/// touched again. A region keeps its address, so nothing has to be merged or moved.
struct Region: BitwiseCopyable, Equatable {
    static var granuleBytes: Int { 1 << 16 }
    static var bytes: Int { 1 << 24 }
    private static var granules: Int { bytes / granuleBytes }
    /// The longest run. The header occupies the first granule.
    static var longestRun: Int { granules - 1 }

    private struct Header: BitwiseCopyable {
        /// A bit for each granule: in `used` if it is taken, in `backed` if it is free but keeps its pages.
        var used = GranuleSet()
        var backed = GranuleSet()
        var freeGranules = Region.longestRun
        /// No run of free granules is longer than this.
        var longestFreeRun = Region.longestRun
    }

    private let header: UnsafeMutablePointer<Header>

    /// nil: no memory.
    init?() {
        // Maps twice the size, which contains a region that begins at a multiple of its size, and unmaps the rest.
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

    /// MAP_NORESERVE: this is only address space, which must not count as memory.
    private static var mappingFlags: Int32 { MAP_PRIVATE | MAP_ANONYMOUS | Int32(MAP_NORESERVE) }

    /// The region that contains a granule.
    init(of granule: UnsafeMutableRawPointer) {
        let base = UnsafeMutableRawPointer(bitPattern: UInt(bitPattern: granule) & ~UInt(Self.bytes - 1))
        header = base!.assumingMemoryBound(to: Header.self)
    }

    func unmap() { munmap(header, Self.bytes) }

    var isEmpty: Bool { header.pointee.freeGranules == Self.longestRun }

    /// Takes the first run of `count` free granules, and returns how many of them had kept their pages. nil: there is no such
    /// run.
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

    /// Frees a run.
    ///
    /// - Parameter backed: the run keeps its pages.
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

    /// The number of free granules that have kept their pages.
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

    /// The number of bits that are set.
    var count: Int {
        words[0].nonzeroBitCount + words[1].nonzeroBitCount + words[2].nonzeroBitCount + words[3].nonzeroBitCount
    }
}
