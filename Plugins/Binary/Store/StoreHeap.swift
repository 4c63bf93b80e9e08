import Glibc
import Synchronization

/// The memory of all stores of this image: malloc(3) for records and their order, but what is freed goes back to the
/// system.
///
/// malloc would keep it. One small block that lives on holds back all that lies below it, and malloc_trim(3) stops every
/// thread that allocates for as long as it looks through the whole heap. Here a block lies in a slab with others of its
/// size, or alone, and an empty slab goes back at once, at the cost of one madvise(2) of 64 KiB.
struct StoreHeap: ~Copyable, @unchecked Sendable {
    private static let shared = Mutex(StoreHeap())

    /// At least 16 bytes-aligned. nil: no memory.
    static func allocate(_ bytes: Int) -> UnsafeMutableRawPointer? {
        shared.withLock { Block(address: $0.take(bytes)) }.address
    }

    /// - Parameter bytes: as allocated.
    static func free(_ address: UnsafeMutableRawPointer, _ bytes: Int) {
        let block = Block(address: address)
        guard let run = shared.withLock({ $0.giveBack(block.address!, bytes) }) else { return }
        // Not under the lock: the kernel takes up to 0.2 ms for a megabyte.
        madvise(run.address, run.granules * Region.granuleBytes, MADV_DONTNEED)
        shared.withLock { $0.free(run, backed: false) }
    }

    /// For the end of a store: gives back what was kept for its next values. The image stays in the process, and with it
    /// this heap, however many versions of the plugin come after.
    static func trim() { shared.withLock { $0.unmapEmptyRegions() } }

    private struct Block: @unchecked Sendable {
        let address: UnsafeMutableRawPointer?
    }

    private struct Run: @unchecked Sendable {
        let address: UnsafeMutableRawPointer
        let granules: Int
    }

    /// Free granules that keep their pages, so that a store whose values come and go does not ask the kernel each time.
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

    /// Returns the granules that are free by this and shall lose their pages.
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
        // One empty region stays, for a store that goes up and down around its beginning.
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
