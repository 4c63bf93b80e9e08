import Synchronization
import Testing

@testable import Engine

@Suite struct WorkerPoolTests {
    /// Waits until it is opened.
    private final class Gate: Sendable {
        private let reply = Reply<Bool>()
        func open() { reply.set(true) }
        func wait() { _ = reply.wait() }
    }

    private func item(
        context: UnsafeMutableRawPointer? = nil, work: @escaping WorkFunction = { _ in },
        done: @escaping @Sendable () -> Void
    ) -> WorkItem {
        WorkItem(work: work, context: context, completion: done)
    }

    @Test func runsEverythingThatItTook() throws {
        let pool = try WorkerPool(threadCount: 3, queueLimit: 1_000)
        let done = Atomic<Int>(0)
        let counter = Shared(done)
        for _ in 0..<1_000 { #expect(pool.submit(item { counter.increment() }) == .taken) }
        pool.stop()
        #expect(counter.value == 1_000)
        #expect(pool.counts.completed == 1_000)
        #expect(pool.counts.queued == 0)
    }

    @Test func refusesWhenTheQueueIsFull() throws {
        let pool = try WorkerPool(threadCount: 1, queueLimit: 2)
        let began = Gate()
        let gate = Gate()
        // The only worker is held in the completion of the first item.
        #expect(
            pool.submit(
                item {
                    began.open()
                    gate.wait()
                }) == .taken)
        began.wait()
        #expect(pool.submit(item {}) == .taken)
        #expect(pool.submit(item {}) == .taken)
        #expect(pool.submit(item {}) == .full)
        #expect(pool.counts.rejected == 1)
        gate.open()
        pool.stop()
        #expect(pool.counts.completed == 3)
    }

    @Test func takesNothingOnceItStops() throws {
        let pool = try WorkerPool(threadCount: 1, queueLimit: 2)
        pool.stop()
        #expect(pool.submit(item {}) == .stopping)
    }

    @Test func handsTheContextToTheWork() throws {
        let pool = try WorkerPool(threadCount: 1, queueLimit: 1)
        let value = UnsafeMutablePointer<Int>.allocate(capacity: 1)
        value.initialize(to: 41)
        defer { value.deallocate() }
        #expect(
            pool.submit(item(context: value, work: { $0!.assumingMemoryBound(to: Int.self).pointee += 1 }) {}) == .taken
        )
        pool.stop()
        #expect(value.pointee == 42)
    }

    private final class Shared: Sendable {
        private let count: Atomic<Int>
        init(_ count: consuming Atomic<Int>) { self.count = count }
        func increment() { count.wrappingAdd(1, ordering: .relaxed) }
        var value: Int { count.load(ordering: .relaxed) }
    }
}
