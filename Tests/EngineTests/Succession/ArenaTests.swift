import Glibc
import TestInput
import Testing

@testable import Engine

@Suite struct ArenaTests {
    @Test func blocksAreLargeEnoughAndDoNotOverlap() throws {
        let arena = try Arena(isInFile: false, size: 1 << 26)
        var random = SeededGenerator(seed: 1)
        var taken: [(block: UnsafeMutableRawPointer, count: Int)] = []
        for number in 0..<2_000 {
            if number % 3 == 2, let last = taken.randomElement(using: &random) {
                taken.removeAll { $0.block == last.block }
                arena.free(last.block, last.count)
                continue
            }
            let count = Int.random(in: 1...9_000, using: &random)
            let block = try #require(arena.allocate(count))
            memset(block, Int32(number & 0xFF), count)
            taken.append((block, count))
        }
        let sorted = taken.sorted { $0.block < $1.block }
        for (one, next) in zip(sorted, sorted.dropFirst()) { #expect(one.block + one.count <= next.block) }
    }

    @Test func aFullArenaGivesNothing() throws {
        let arena = try Arena(isInFile: false, size: 1 << 24)
        var count = 0
        while arena.allocate(1 << 20) != nil { count += 1 }
        #expect((10...15).contains(count))
        #expect(arena.allocate(1 << 40) == nil)
        #expect(arena.allocate(1 << 20) == nil, "still")
    }

    /// Blocks of a megabyte go back to the kernel at once, smaller ones later, and what is in use stays.
    @Test func freeMemoryReturnsToTheKernel() throws {
        let arena = try Arena(isInFile: true, size: 1 << 28)
        func resident() -> Int {
            var status = stat()
            fstat(arena.descriptor, &status)
            return Int(status.st_blocks) * 512
        }
        let before = resident()
        for size in [128, 1 << 10, 1 << 14, 1 << 20] {
            let blocks = try (0..<(4 << 20) / size).map { _ in try #require(arena.allocate(size)) }
            for block in blocks { memset(block, 1, size) }
            #expect(resident() >= before + 4 << 20)
            let kept = blocks[7 % blocks.count]
            for block in blocks where block != kept { arena.free(block, size) }
            arena.trim()
            #expect(resident() < before + 3 << 20, "\(size)")
            #expect(kept.load(fromByteOffset: size - 1, as: UInt8.self) == 1)
            arena.free(kept, size)
            arena.trim()
        }
    }
}
