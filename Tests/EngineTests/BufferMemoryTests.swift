import Synchronization
import Testing

@testable import Engine

/// The limit on buffer memory, and the pools of the loops under it.
@Suite struct BufferMemoryTests {
    @Test func givesUpToItsLimitAndNoMore() {
        let memory = Quota(limit: 10_000)
        #expect(memory.take(6_000))
        #expect(!memory.take(4_001))
        #expect(memory.count == 6_000, "a refused request is not counted")
        #expect(!memory.isExhausted)
        #expect(memory.take(4_000))
        #expect(memory.isExhausted)
        memory.give(1)
        #expect(!memory.isExhausted)
    }

    @Test func zeroIsNoLimit() {
        let memory = Quota(limit: 0)
        for _ in 0..<100 { #expect(memory.take(1 << 50)) }
        #expect(!memory.isExhausted)
    }

    @Test func theLimitMayBeLoweredBelowTheMemoryInUse() {
        let memory = Quota(limit: 10_000)
        #expect(memory.take(8_000))
        memory.setLimit(5_000)
        #expect(memory.isExhausted)
        #expect(!memory.take(1))
        memory.give(4_000)
        #expect(memory.take(1_000))
        memory.setLimit(0)
        #expect(memory.take(1 << 40))
    }

    @Test func severalThreadsTogetherStayWithinTheLimit() {
        let memory = Quota(limit: 1_000)
        let passed = Atomic<Int>(0)
        onThreads(4) {
            for _ in 0..<5_000 {
                guard memory.take(100) else { continue }
                passed.wrappingAdd(1, ordering: .relaxed)
                memory.give(100)
            }
        }
        #expect(memory.count == 0)
        #expect(passed.load(ordering: .relaxed) > 0)
    }

    @Test func aPoolAtTheLimitGivesNothingAndLosesNothing() throws {
        let memory = Quota(limit: 64 << 10)
        var pool = BufferPool(memory: memory, arena: try Arena(isInFile: false))
        var held: [Buffer] = []
        while let buffer = pool.take(16 << 10) { held.append(buffer) }
        #expect(held.count == 4)
        #expect(pool.isExhausted == true)
        let none = pool.take(1)
        #expect(none == nil)
        #expect(memory.count == 64 << 10)
        pool.give(held.removeLast())
        #expect(pool.isExhausted == false)
        let another = pool.take(16 << 10)
        held.append(try #require(another))
        for buffer in held { pool.give(buffer) }
        #expect(memory.count == pool.cachedBytes)
    }

    /// Buffers of one size that are kept for reuse must not block another size.
    @Test func keptBuffersAreFreedBeforeARequestFails() throws {
        let memory = Quota(limit: 64 << 10)
        var pool = BufferPool(memory: memory, arena: try Arena(isInFile: false))
        var small: [Buffer] = []
        for _ in 0..<60 {
            let taken = pool.take(1 << 10)
            small.append(try #require(taken))
        }
        for buffer in small { pool.give(buffer) }
        let taken = pool.take(64 << 10)
        let large = try #require(taken)
        #expect(pool.cachedBytes == 0)
        #expect(memory.count == 64 << 10)
        pool.give(large)
    }

    /// A loop that was busy and is now idle does not keep memory from another loop.
    @Test func theBuffersThatAPoolKeepsLeaveRoomForAnother() throws {
        let memory = Quota(limit: 1 << 20)
        var first = BufferPool(memory: memory, arena: try Arena(isInFile: false))
        var second = BufferPool(memory: memory, arena: try Arena(isInFile: false))
        var held: [Buffer] = []
        while let buffer = first.take(16 << 10) { held.append(buffer) }
        #expect(second.isExhausted == true)
        for buffer in held { first.give(buffer) }
        #expect(second.isExhausted == false)
        var others: [Buffer] = []
        while let buffer = second.take(16 << 10) { others.append(buffer) }
        #expect(others.count >= 32, "at least half of the memory is there for the other pool")
        for buffer in others { second.give(buffer) }
    }

    @Test func aPoolReturnsItsKeptBuffersWhenItIsDestroyed() throws {
        let memory = Quota(limit: 1 << 20)
        do {
            var pool = BufferPool(memory: memory, arena: try Arena(isInFile: false))
            let taken = pool.take(5_000)
            pool.give(try #require(taken))
            #expect(memory.count > 0)
        }
        #expect(memory.count == 0)
    }
}
