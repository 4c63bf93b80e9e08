import Glibc
import Synchronization

/// The heap of all stores of this image: allocates records and leaves like malloc(3), but returns freed memory to the
/// system.
///
/// malloc would keep it: one small block in use prevents it from returning everything below the block, and malloc_trim(3)
/// blocks every thread that allocates while it searches the whole heap. Here a block is in a slab with others of its size,
/// or alone. An empty slab is returned at once, at the cost of one madvise(2) of 64 KiB.
struct StoreHeap: ~Copyable, @unchecked Sendable {
    private static let shared = Mutex(StoreHeap())

    /// Aligned to at least 16 bytes. nil: no memory.
    static func allocate(_ bytes: Int) -> UnsafeMutableRawPointer? {
        shared.withLock { Block(address: $0.take(bytes)) }.address
    }

    /// - Parameter bytes: the same number as in `allocate`.
    static func free(_ address: UnsafeMutableRawPointer, _ bytes: Int) {
        let block = Block(address: address)
        guard let run = shared.withLock({ $0.giveBack(block.address!, bytes) }) else { return }
        // Outside the lock: the kernel needs up to 0.2 ms for a megabyte.
        madvise(run.address, run.granules * Region.granuleBytes, MADV_DONTNEED)
        shared.withLock { $0.free(run, backed: false) }
    }

    /// Whether a block for `bytes` has the same size as one for `others`: it can be used, and freed, as either.
    static func isSameBlock(_ bytes: Int, _ others: Int) -> Bool {
        if bytes <= Slab.largestBlock, others <= Slab.largestBlock {
            return BlockSize(for: bytes).index == BlockSize(for: others).index
        }
        return bytes > Slab.largestBlock && others > Slab.largestBlock && granules(for: bytes) == granules(for: others)
    }

    /// Call it when a store is destroyed: returns the memory that was kept for its next values. The image stays in the
    /// process, and this heap with it, however many versions of the plugin follow.
    static func trim() { shared.withLock { $0.unmapEmptyRegions() } }

    private struct Block: @unchecked Sendable {
        let address: UnsafeMutableRawPointer?
    }

    private struct Run: @unchecked Sendable {
        let address: UnsafeMutableRawPointer
        let granules: Int
    }

    /// The maximum number of free granules that keep their pages, so that a store with changing values does not call the
    /// kernel each time.
    private static let mostBackedGranules = 64

    private var regions: ContiguousArray<Region> = []
    private var partialSlabs = InlineArray<64, Slab?>(repeating: nil)
    private var backedGranules = 0

    // MARK: Blocks

    private mutating func take(_ bytes: Int) -> UnsafeMutableRawPointer? {
        guard bytes <= Slab.largestBlock else { return takeRun(Self.granules(for: bytes)) }
        let size = BlockSize(for: bytes)
        if partialSlabs[size.index] == nil {
            guard let granule = takeRun(1) else { return nil }
            Slab(granule, blockBytes: size.bytes).link(before: &partialSlabs[size.index])
        }
        guard let slab = partialSlabs[size.index] else { return nil }
        let block = slab.take()
        if slab.isFull { slab.unlink(from: &partialSlabs[size.index]) }
        return block
    }

    /// Returns the granules that this frees and whose pages must be returned to the kernel.
    private mutating func giveBack(_ block: UnsafeMutableRawPointer, _ bytes: Int) -> Run? {
        guard bytes <= Slab.largestBlock else {
            return keepOrDiscard(Run(address: block, granules: Self.granules(for: bytes)))
        }
        let index = BlockSize(for: bytes).index
        let slab = Slab(of: block)
        if slab.isFull { slab.link(before: &partialSlabs[index]) }
        slab.giveBack(block)
        guard slab.isEmpty else { return nil }
        slab.unlink(from: &partialSlabs[index])
        return keepOrDiscard(Run(address: slab.granule, granules: 1))
    }

    // MARK: Granules

    private static func granules(for bytes: Int) -> Int { (bytes + Region.granuleBytes - 1) / Region.granuleBytes }

    private mutating func takeRun(_ granules: Int) -> UnsafeMutableRawPointer? {
        guard granules <= Region.longestRun else { return nil }
        for region in regions {
            if let (run, backed) = region.take(granules) {
                backedGranules -= backed
                return run
            }
        }
        guard let region = Region() else { return nil }
        regions.append(region)
        return region.take(granules)?.run
    }

    private mutating func keepOrDiscard(_ run: Run) -> Run? {
        guard backedGranules + run.granules <= Self.mostBackedGranules else { return run }
        backedGranules += run.granules
        free(run, backed: true)
        return nil
    }

    private mutating func free(_ run: Run, backed: Bool) {
        let region = Region(of: run.address)
        region.free(run.address, run.granules, backed: backed)
        // One empty region stays mapped, for a store whose size changes around the beginning of a region.
        if region.isEmpty, regions.contains(where: { $0.isEmpty && $0 != region }) { unmapEmptyRegions(but: region) }
    }

    private mutating func unmapEmptyRegions(but kept: Region? = nil) {
        regions.removeAll { region in
            guard region.isEmpty, region != kept else { return false }
            backedGranules -= region.backedGranules
            region.unmap()
            return true
        }
    }
}
