import Glibc
import Synchronization
import Testing
import Threads

@testable import Engine

/// An engine without threads: its caller makes every turn.
@Suite struct DrivenEngineTests {
    private final class Done: Sendable { let count = Atomic<Int>(0) }

    private final class Order: Sendable { let numbers = Mutex<[Int]>([]) }

    private let engine: Engine

    init() throws {
        engine = try Engine(
            EngineSettings(
                loopCount: 2, workers: WorkerSettings(minimum: 0, maximum: 1, queueLimit: 2), maximumConnections: 0,
                maximumBufferMemory: 0),
            isDriven: true)
    }

    @Test func answersOnTheThreadOfTheCaller() {
        let caller = UInt(pthread_self())
        for loop in engine.loops {
            #expect(loop.ask { _ in UInt(pthread_self()) } == caller)
            #expect(loop.order { _ in UInt(pthread_self()) } == caller)
        }
        engine.stop()
    }

    @Test func scansAllPiecesInTurns() {
        let loop = engine.loops[1]
        let before = loop.turns
        let scan = loop.scan(0) { _, piece, sum in
            sum += piece
            return piece < 4 ? piece + 1 : nil
        }
        #expect(scan.isComplete && scan.sum == 10)
        #expect(loop.turns > before)
        #expect(loop.isQuiet && loop.nextWake == nil)
        engine.stop()
    }

    /// A function that a loop runs may ask for another turn, which comes after it.
    @Test func aTurnInsideATurnWaits() {
        let loop = engine.loops[0]
        let order = Order()
        loop.run { _ in
            loop.run { _ in order.numbers.withLock { $0.append(2) } }
            order.numbers.withLock { $0.append(1) }
        }
        #expect(order.numbers.withLock { $0 } == [1, 2])
        engine.stop()
    }

    @Test func workWaitsForTheCallerInABoundedQueue() {
        let share = WorkShare()
        let done = Done()
        func submit() -> WorkerPool.Submission {
            engine.workers.submit(
                { _ in }, context: nil, label: 0, share: share,
                completion: { done.count.wrappingAdd(1, ordering: .relaxed) })
        }
        #expect([submit(), submit(), submit()] == [.taken, .taken, .full])
        #expect(engine.agenda?.count == 2 && engine.workers.counts.threads == 0)
        #expect(engine.runOne() && done.count.load(ordering: .relaxed) == 1)
        #expect(engine.runOne() && done.count.load(ordering: .relaxed) == 2)
        #expect(!engine.runOne())
        #expect(submit() == .taken)
        #expect(engine.runOne())
        engine.stop()
    }

    @Test func aThreadHasTheRealClockUnlessItIsSet() throws {
        let before = readMonotonicClock()
        SimulatedClock.time = 7
        #expect(readMonotonicClock() == 7)
        let reply = Reply<UInt64>()
        let thread = try NamedThread(name: "other") { reply.set(readMonotonicClock()) }
        thread.join()
        SimulatedClock.time = nil
        #expect(try #require(reply.current) >= before && readMonotonicClock() >= before)
        engine.stop()
    }
}
