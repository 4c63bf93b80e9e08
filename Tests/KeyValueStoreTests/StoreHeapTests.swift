import Glibc
import TestInput
import Testing

@testable import KeyValueStore

@Suite struct StoreHeapTests {
    @Test func wastesAtMostAnEighthOfABlock() {
        var last = 0
        for bytes in 1...Slab.largestBlock {
            let size = BlockSize(for: bytes)
            #expect(size.bytes >= bytes && size.bytes % 16 == 0, "\(bytes)")
            #expect(size.bytes - bytes < max(16, size.bytes / 8), "\(bytes)")
            #expect(size.index == last || size.index == last + 1, "\(bytes)")
            last = size.index
        }
        #expect(last == BlockSize.count - 1)
    }

    /// Allocates and frees blocks of all sizes: none overlaps another.
    @Test(arguments: UInt64(1)...4)
    func blocksDoNotOverlap(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var blocks: [(address: UnsafeMutableRawPointer, bytes: Int, mark: UInt8)] = []
        for step in 0..<3_000 {
            // Grow first, then shrink.
            if Int.random(in: 0..<10, using: &generator) < (step < 2_000 ? 7 : 3) || blocks.isEmpty {
                let most = [64, 1_000, 20_000, 1_100_000][Int.random(in: 0..<4, using: &generator)]
                let bytes = Int.random(in: 1...most, using: &generator)
                let address = try #require(StoreHeap.allocate(bytes))
                #expect(UInt(bitPattern: address) % 16 == 0)
                let mark = UInt8.random(in: 0...255, using: &generator)
                memset(address, Int32(mark), bytes)
                blocks.append((address, bytes, mark))
            } else {
                free(blocks.remove(at: Int.random(in: 0..<blocks.count, using: &generator)))
            }
        }
        for block in blocks { free(block) }
    }

    private func free(_ block: (address: UnsafeMutableRawPointer, bytes: Int, mark: UInt8)) {
        let bytes = UnsafeRawBufferPointer(start: block.address, count: block.bytes)
        // All bytes equal the first byte, which still has its mark.
        let same = memcmp(block.address, block.address + 1, block.bytes - 1) == 0
        #expect(bytes[0] == block.mark && same, "\(block.bytes) bytes")
        StoreHeap.free(block.address, block.bytes)
    }

    @Test func fillsAndEmptiesARegion() throws {
        let region = try #require(Region())
        defer { region.unmap() }
        var runs: [(UnsafeMutableRawPointer, Int)] = []
        var taken = 0
        for length in [1, 17, 3, 100, 1] {
            let run = try #require(region.take(length)).run
            runs.append((run, length))
            taken += length
        }
        #expect(region.take(Region.longestRun - taken + 1) == nil)
        let rest = try #require(region.take(Region.longestRun - taken)).run
        #expect(region.take(1) == nil)

        // Two neighbouring free runs become one, and the region knows which granules kept their pages.
        region.free(runs[1].0, 17, backed: true)
        region.free(runs[2].0, 3, backed: false)
        #expect(region.backedGranules == 17)
        let both = try #require(region.take(20))
        #expect(both.run == runs[1].0 && both.backed == 17)
        #expect(region.take(1) == nil)

        for (run, length) in [(rest, Region.longestRun - taken), (both.run, 20), runs[0], runs[3], runs[4]] {
            #expect(!region.isEmpty)
            region.free(run, length, backed: false)
        }
        #expect(region.isEmpty)
        let whole = try #require(region.take(Region.longestRun)).run
        #expect(whole == runs[0].0)
    }

    @Test func refusesABlockLargerThanARegion() {
        #expect(StoreHeap.allocate(Region.bytes) == nil)
        #expect(StoreHeap.allocate(.max / 2) == nil)
    }
}
