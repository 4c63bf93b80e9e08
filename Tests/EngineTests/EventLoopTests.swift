import CMartlet
import Synchronization
import Testing
import Threads

@testable import Engine

/// Questions to an event loop, also while the loop is stuck.
@Suite struct EventLoopTests {
    private func engine(patience milliseconds: UInt64 = 50) throws -> Engine {
        var settings = EngineSettings(
            loopCount: 1, workers: WorkerSettings(minimum: 1, maximum: 1, queueLimit: 4), maximumConnections: 10,
            maximumBufferMemory: 0)
        settings.patienceNanoseconds = milliseconds * 1_000_000
        settings.deliveryLimit = 2
        return try Engine(settings)
    }

    /// Blocks the loop until the gate is opened.
    private func hold(_ loop: EventLoop) -> Reply<Bool> {
        let (gate, began) = (Reply<Bool>(), Reply<Bool>())
        loop.run { _ in
            began.set(true)
            _ = gate.wait()
        }
        _ = began.wait()
        return gate
    }

    @Test func anAnswerThatDoesNotComeIsNil() throws {
        let engine = try engine()
        let loop = engine.loops[0]
        let gate = hold(loop)
        let asked = Atomic<Bool>(false)
        let counter = Shared(asked)
        #expect(loop.ask { _ in counter.set() } == nil)
        #expect(loop.isStuck)
        let began = readMonotonicClock()
        for _ in 0..<100 { #expect(loop.ask { _ in 1 } == nil) }
        #expect(readMonotonicClock() - began < 2_000_000_000, "no caller waits for it a second time")
        let ordered = Reply<Bool>()
        #expect(loop.order { _ in ordered.set(true) } == nil)
        gate.set(true)
        #expect(ordered.wait(), "an order is carried out once it turns")
        #expect(loop.ask(by: .after(milliseconds: 10_000)) { _ in 2 } == 2)
        #expect(!counter.isSet, "a question that timed out is withdrawn")
        #expect(!loop.isStuck)
        engine.stop()
    }

    @Test func aScanRunsInPiecesAndContinuesAfterAStall() throws {
        let engine = try engine()
        let loop = engine.loops[0]
        let whole = loop.scan(0) { _, piece, sum in
            sum += 1
            return piece < 9 ? piece + 1 : nil
        }
        #expect(whole.isComplete && whole.sum == 10)
        let gate = hold(loop)
        let end = Reply<Bool>()
        let broken = loop.scan(0) { _, piece, sum in
            sum += 1
            if piece == 3 { end.set(true) }
            return piece < 3 ? piece + 1 : nil
        }
        #expect(!broken.isComplete && broken.sum == 0)
        gate.set(true)
        #expect(end.wait())
        engine.stop()
    }

    /// `loop_queue`
    @Test func deliveriesHaveABoundedNumberOfPlaces() throws {
        let engine = try engine()
        let ledger = InstanceLedger(label: 0, faults: FaultMonitor(FaultPolicy()) { 0 })
        let gate = hold(engine.loops[0])
        let nothing: martlet_delivery = { _, _, _, _ in }
        func promise() -> Delivery? {
            _ = ledger.enter()
            return engine.loops[0].promise(nothing, to: ConnectionID(rawValue: 0), context: nil, ledger: ledger)
        }
        func post() -> Bool {
            guard let delivery = promise() else { return false }
            engine.loops[0].deliver(delivery)
            return true
        }
        #expect(post())
        let promised = try #require(promise())
        #expect(!post())
        promised.settle()
        #expect(post())
        #expect(!post())
        gate.set(true)
        #expect(engine.loops[0].ask(by: .after(milliseconds: 10_000)) { _ in true } == true)
        #expect(engine.loops[0].mailbox.places.count == 0)
        #expect(ledger.isEmpty)
        engine.stop()
    }

    @Test func anInboxThatIsNeverEmptyDoesNotGrow() throws {
        let engine = try engine(patience: 10_000)
        let flood = Flood(engine.loops[0], messages: 50_000)
        // More than a turn handles.
        for _ in 0..<(2 * LoopCore.messageBatch) { flood.send() }
        _ = flood.end.wait()
        #expect(flood.longestInbox < 8 * LoopCore.messageBatch)
        engine.stop()
    }

    /// A loop that goes to sleep at this very moment must be woken, and one that is awake must look for mail.
    @Test func noMessageIsOverlooked() throws {
        let engine = try engine(patience: 10_000)
        let loop = engine.loops[0]
        let threads = try (0..<3).map { _ in
            // Each waits for its answer, so that the loop sleeps between them again and again.
            try NamedThread(name: "sender") { for number in 0..<5_000 { #expect(loop.ask { _ in number } == number) } }
        }
        for thread in threads { thread.join() }
        engine.stop()
    }

    /// Messages, each of which sends the next one.
    private final class Flood: Sendable {
        let end = Reply<Bool>()
        private let loop: EventLoop
        private let left: Atomic<Int>
        private let longest = Atomic<Int>(0)

        init(_ loop: EventLoop, messages: Int) {
            self.loop = loop
            left = Atomic(messages)
        }

        var longestInbox: Int { longest.load(ordering: .relaxed) }

        func send() {
            loop.run { [self] core in
                longest.max(core.pointee.inbox.elements.count, ordering: .relaxed)
                let rest = left.wrappingSubtract(1, ordering: .relaxed).newValue
                if rest == 0 { end.set(true) }
                if rest > 0 { send() }
            }
        }
    }

    private final class Shared: Sendable {
        private let flag: Atomic<Bool>
        init(_ flag: consuming Atomic<Bool>) { self.flag = flag }
        func set() { flag.store(true, ordering: .relaxed) }
        var isSet: Bool { flag.load(ordering: .relaxed) }
    }
}
