import Testing

@testable import Engine

@Suite struct BufferPoolTests {
    @Test func givesAtLeastTheRequestedSize() throws {
        let memory = Quota(limit: 0)
        var pool = BufferPool(memory: memory, arena: try Arena(isInFile: false))
        for size in [0, 1, 1_023, 1_024, 1_025, 65_536, 65_537, 1 << 20, (1 << 20) + 1, 5 << 20] {
            guard let buffer = pool.take(size) else {
                Issue.record("no memory for \(size)")
                continue
            }
            #expect(buffer.capacity >= size)
            pool.give(buffer)
        }
        #expect(memory.count == pool.cachedBytes)
    }

    @Test func reusesReturnedBuffers() throws {
        var pool = BufferPool(memory: Quota(limit: 0), arena: try Arena(isInFile: false))
        let taken = pool.take(4_000)
        let first = try #require(taken)
        pool.give(first)
        #expect(pool.cachedBytes == 4_096)
        let again = pool.take(4_096)
        let second = try #require(again)
        #expect(first.base == second.base)
        #expect(pool.cachedBytes == 0)
        pool.give(second)
    }

    @Test func keepsNoMoreThanItsLimitForReuse() throws {
        let memory = Quota(limit: 0)
        var pool = BufferPool(memory: memory, arena: try Arena(isInFile: false))
        var buffers: [Buffer] = []
        for _ in 0..<16 {
            let taken = pool.take(1 << 20)
            buffers.append(try #require(taken))
        }
        #expect(memory.count == 16 << 20)
        for buffer in buffers { pool.give(buffer) }
        #expect(memory.count == 4 << 20 && pool.cachedBytes == 4 << 20)
    }
}

@Suite struct ConnectionIDTests {
    @Test func keepsItsTwoParts() {
        for generation in [1, 2, UInt32.max] {
            for slot in [0, 1, UInt32.max] {
                let id = ConnectionID(generation: generation, slot: slot)
                #expect(id.generation == generation)
                #expect(id.slot == slot)
                #expect(id.rawValue != 0)
            }
        }
    }
}

@Suite struct QuotaTests {
    @Test func givesAsManyPlacesAsItHas() {
        let quota = Quota(limit: 2)
        #expect(quota.take())
        #expect(quota.take())
        #expect(!quota.take())
        #expect(quota.count == 2)
        quota.give()
        #expect(quota.take())
    }

    @Test func zeroMeansNoLimit() {
        let quota = Quota(limit: 0)
        for _ in 0..<10_000 { #expect(quota.take()) }
    }

    @Test func aLoweredLimitAppliesToTheNextConnection() {
        let quota = Quota(limit: 10)
        for _ in 0..<5 { _ = quota.take() }
        quota.setLimit(3)
        #expect(!quota.take())
        quota.give()
        quota.give()
        #expect(!quota.take())
        quota.give()
        #expect(quota.take())
    }

    @Test func aPlaceTakenAboveTheLimitIsCounted() {
        let quota = Quota(limit: 1)
        #expect(quota.take() && !quota.take() && quota.count == 1)
        quota.takeAnyway()
        #expect(quota.count == 2 && !quota.take())
        quota.give()
        #expect(quota.count == 1 && !quota.take())
        quota.give()
        #expect(quota.take())
    }

    @Test func severalThreadsNeverTakeMoreThanTheLimit() {
        let (quota, taken, most) = (Quota(limit: 3), Tally(), Tally())
        onThreads(4) {
            for _ in 0..<10_000 {
                guard quota.take() else { continue }
                most.raise(to: taken.add(1))
                _ = taken.add(-1)
                quota.give()
            }
        }
        #expect(quota.count == 0 && (1...3).contains(most.value))
    }
}

@Suite struct OutputAreaTests {
    @Test func growsAndShrinks() {
        var area = OutputArea()
        let usual = area.capacity
        let made = area.makeRoom(10 << 20)
        #expect(made)
        #expect(area.capacity >= 10 << 20)
        area.count = 10 << 20
        let more = area.makeRoom(1)
        #expect(more)
        area.reset()
        #expect(area.count == 0)
        #expect(area.capacity == usual)
    }
}
