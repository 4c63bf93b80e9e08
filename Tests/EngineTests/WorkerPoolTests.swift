import CMartlet
import Synchronization
import Testing
import Threads

@testable import Engine

@Suite struct WorkerPoolTests {
    private func submit(
        to pool: WorkerPool, context: UnsafeMutableRawPointer? = nil, work: @escaping martlet_work = { _ in },
        done: @escaping @Sendable () -> Void
    ) -> WorkerPool.Submission {
        pool.submit(work, context: context, label: 7, share: WorkShare(), completion: done)
    }

    @Test func runsEverythingThatItAccepted() throws {
        let pool = try WorkerPool(
            WorkerSettings(minimum: 3, maximum: 3, queueLimit: 1_000), memory: Quota(limit: 0),
            arena: Arena(isInFile: false), published: PublishedPages(loopCount: 1, isInFile: false))
        let done = Atomic<Int>(0)
        let counter = Shared(done)
        for _ in 0..<1_000 { #expect(submit(to: pool) { counter.increment() } == .taken) }
        pool.stop()
        #expect(counter.value == 1_000)
        #expect(pool.counts.completed == 1_000)
        #expect(pool.counts.queued == 0)
    }

    @Test func refusesWhenTheQueueIsFull() throws {
        let pool = try WorkerPool(
            WorkerSettings(minimum: 1, maximum: 1, queueLimit: 2), memory: Quota(limit: 0),
            arena: Arena(isInFile: false), published: PublishedPages(loopCount: 1, isInFile: false))
        let began = Gate()
        let gate = Gate()
        // The only worker is held in the completion of the first item.
        #expect(
            submit(to: pool) {
                began.open()
                gate.wait()
            } == .taken)
        began.wait()
        #expect(submit(to: pool) {} == .taken)
        #expect(submit(to: pool) {} == .taken)
        #expect(submit(to: pool) {} == .full)
        #expect(pool.counts.rejected == 1)
        gate.open()
        pool.stop()
        #expect(pool.counts.completed == 3)
    }

    /// Four jobs that wait for each other, so they must run at the same time.
    @Test func shortJobsDoNotWaitForOneAnother() throws {
        let pool = try WorkerPool(
            WorkerSettings(minimum: 1, maximum: 4, queueLimit: 10), memory: Quota(limit: 0),
            arena: Arena(isInFile: false), published: PublishedPages(loopCount: 1, isInFile: false))
        let gate = Gate()
        let began = (0..<4).map { _ in Gate() }
        for index in 0..<4 {
            let taken = submit(to: pool) {
                began[index].open()
                gate.wait()
                gate.open()
            }
            #expect(taken == .taken)
            #expect(pool.counts.threads == index + 1, "a new thread at once for each job without a free thread")
        }
        for gate in began { gate.wait() }
        gate.open()
        pool.stop()
        #expect(pool.counts.completed == 4)
    }

    @Test func oneListenerTakesItsShareAndLeavesTheRest() throws {
        let pool = try WorkerPool(
            WorkerSettings(minimum: 4, maximum: 4, queueLimit: 8), memory: Quota(limit: 0),
            arena: Arena(isInFile: false), published: PublishedPages(loopCount: 1, isInFile: false))
        let (busy, other) = (WorkShare(percent: 50), WorkShare(percent: 50))
        let gate = Gate()
        let began = (0..<2).map { _ in Gate() }
        for index in 0..<2 {
            let wait: @Sendable () -> Void = {
                began[index].open()
                gate.wait()
                gate.open()
            }
            let taken = pool.submit({ _ in }, context: nil, label: 1, share: busy, completion: wait)
            #expect(taken == .taken)
        }
        for gate in began { gate.wait() }
        let nothing: @Sendable () -> Void = {}
        // Half of the queue is its share, and none of these jobs starts.
        for _ in 0..<4 {
            #expect(pool.submit({ _ in }, context: nil, label: 1, share: busy, completion: nothing) == .taken)
        }
        #expect(pool.submit({ _ in }, context: nil, label: 1, share: busy, completion: nothing) == .full)
        let done = Gate()
        #expect(pool.submit({ _ in }, context: nil, label: 2, share: other, completion: done.open) == .taken)
        done.wait()
        // A job counts as running until its completion has returned.
        try waitUntil("only the busy one's jobs are left") { pool.counts.running == 2 }
        #expect(pool.counts.queued == 4)
        gate.open()
        pool.stop()
        #expect(pool.counts.completed == 7)
    }

    @Test func acceptsNothingOnceItStops() throws {
        let pool = try WorkerPool(
            WorkerSettings(minimum: 1, maximum: 1, queueLimit: 2), memory: Quota(limit: 0),
            arena: Arena(isInFile: false), published: PublishedPages(loopCount: 1, isInFile: false))
        pool.stop()
        #expect(submit(to: pool) {} == .stopping)
    }

    @Test func handsTheContextToTheWork() throws {
        let pool = try WorkerPool(
            WorkerSettings(minimum: 1, maximum: 1, queueLimit: 1), memory: Quota(limit: 0),
            arena: Arena(isInFile: false), published: PublishedPages(loopCount: 1, isInFile: false))
        let value = UnsafeMutablePointer<Int>.allocate(capacity: 1)
        value.initialize(to: 41)
        defer { value.deallocate() }
        let work: martlet_work = { $0!.assumingMemoryBound(to: Int.self).pointee += 1 }
        #expect(submit(to: pool, context: value, work: work, done: {}) == .taken)
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
