/// Memory by size class for one event loop, for input that waits to be consumed and output that waits for the peer.
///
/// A connection has a buffer only while something waits in it. Returned buffers are kept for reuse up to `cacheLimit` bytes; the
/// rest is freed, so that a burst does not stay resident. At the limit of the process the kept buffers are freed first, and then
/// `take` fails. Above half of the limit nothing is kept, because one loop cannot use what another keeps.
package struct BufferPool: ~Copyable {
    private static let classes = [1 << 10, 1 << 12, 1 << 14, 1 << 16, 1 << 18, 1 << 20]
    private static let cacheLimit = 4 << 20

    private var free: ContiguousArray<ContiguousArray<UnsafeMutableRawPointer>>
    /// Bytes kept for reuse.
    package private(set) var cachedBytes = 0

    private let memory: Quota
    private let arena: Arena
    /// The memory limit is reached and nothing is kept for reuse, so `take` would fail.
    package var isExhausted: Bool { memory.isExhausted && cachedBytes == 0 }

    package init(memory: Quota, arena: Arena) {
        self.memory = memory
        self.arena = arena
        free = ContiguousArray(repeating: [], count: Self.classes.count)
    }

    /// A buffer of at least `minimum` bytes; above the largest class, of exactly `minimum` bytes. nil: there is no memory.
    package mutating func take(_ minimum: Int) -> Buffer? {
        let index = Self.classIndex(minimum)
        let capacity = index < Self.classes.count ? Self.classes[index] : minimum
        if index < free.count, let base = free[index].popLast() {
            cachedBytes -= capacity
            return Buffer(base: base, capacity: capacity)
        }
        guard takeMemory(capacity) else { return nil }
        guard let base = Kernel.allocate(capacity, in: arena) else {
            memory.give(capacity)
            return nil
        }
        return Buffer(base: base, capacity: capacity)
    }

    private mutating func takeMemory(_ count: Int) -> Bool {
        if memory.take(count) { return true }
        dropCache()
        return memory.take(count)
    }

    private mutating func dropCache() {
        for index in free.indices {
            for base in free[index] { arena.free(base, Self.classes[index]) }
            free[index].removeAll()
        }
        memory.give(cachedBytes)
        cachedBytes = 0
    }

    package mutating func give(_ buffer: Buffer) {
        let index = Self.classIndex(buffer.capacity)
        guard index < free.count, cachedBytes + buffer.capacity <= Self.cacheLimit, !memory.isScarce else {
            arena.free(buffer.base, buffer.capacity)
            memory.give(buffer.capacity)
            return
        }
        cachedBytes += buffer.capacity
        free[index].append(buffer.base)
    }

    /// Says for a successor of this process whose bytes are in a buffer.
    func note(_ buffer: Buffer, isOf owner: UInt64) { arena.note(buffer.base, isOf: owner) }

    private static func classIndex(_ size: Int) -> Int {
        classes.firstIndex { $0 >= size } ?? classes.count
    }

    deinit {
        for index in free.indices { for base in free[index] { arena.free(base, Self.classes[index]) } }
        memory.give(cachedBytes)
    }
}
