import Engine
import Logging
import PluginHost
import Synchronization

/// Watches the other threads: finds callbacks that hold a loop or a worker for too long, and loops that are stuck.
///
/// It has its own thread, because the control thread waits for loops.
final class Watchdog: Sendable {
    private static let tickMilliseconds: UInt64 = 20
    private static let pulseTicks = 25
    /// A loop that has work but has not turned for this long is logged.
    private static let loopLimit: UInt64 = 1_000_000_000
    private static let faultTicks = 50

    private struct Sayings: Hashable {
        let label: UInt32
        let kind: CallbackKind?
        let loop: Int?
    }

    /// Used on the watchdog's thread.
    private struct State {
        var callbacks = CallbackWatch()
        var log = OncePer<Sayings>(nanoseconds: 60_000_000_000)
        var pulses: [Pulse] = []
        var ticks = 0
        /// Loops that have not turned for loop_timeout.
        var stuck: Set<Int> = []
        var onStuck: (@Sendable () -> Void)?
        /// Listeners that refused connections at the last check.
        var refusing: Set<String> = []
    }

    private struct Pulse {
        final class Answer: Sendable {
            let hasCome: Atomic<Bool>
            init(hasCome: Bool) { self.hasCome = Atomic(hasCome) }
        }

        let sent: UInt64
        let answer: Answer
        var deadline: Deadline
        /// The loop's count of turns when the deadline was set.
        var turn: UInt64

        init(sent: UInt64, _ deadline: Deadline, _ loop: EventLoop, isAnswered: Bool = false) {
            self.sent = sent
            self.deadline = deadline
            answer = Answer(hasCome: isAnswered)
            turn = loop.page.header.pointee.turns.value
        }

        var isAnswered: Bool { answer.hasCome.load(ordering: .relaxed) }
    }

    private let engine: Engine
    private let logger: Logger
    private let workerWarning: Atomic<UInt64>
    private let thread: SerialThread
    private let state = Mutex(State())
    private let isStopping = Atomic<Bool>(false)

    init(_ engine: Engine, workerWarning: UInt64, logger: Logger) throws(SystemError) {
        self.engine = engine
        self.logger = logger
        self.workerWarning = Atomic(workerWarning)
        thread = try SerialThread(name: "watchdog")
        schedule()
    }

    /// - Parameter onStuck: called, on this thread, when the set of stuck loops changes, and every second while it is not empty.
    func start(onStuck: @escaping @Sendable () -> Void) { state.withLock { $0.onStuck = onStuck } }

    /// Nanoseconds after which a worker's job is logged; 0 means never.
    func setWorkerWarning(_ nanoseconds: UInt64) { workerWarning.store(nanoseconds, ordering: .relaxed) }

    func stop() {
        isStopping.store(true, ordering: .relaxed)
        thread.stop()
    }

    private func schedule() {
        thread.run(after: Self.tickMilliseconds) { [self] in
            guard !isStopping.load(ordering: .relaxed) else { return }
            let now = MonotonicTime.now().nanoseconds
            state.withLock { state in
                watchLoops(&state, now)
                watchWorkers(&state, now)
                watchPulses(&state, now)
                watchStuck(&state)
                if state.ticks % Self.faultTicks == 0 { watchFaults(&state, now) }
            }
            // A queue in which nothing moves does not check itself.
            engine.workers.grow()
            schedule()
        }
    }

    private func watchLoops(_ state: inout State, _ now: UInt64) {
        for loop in engine.loops {
            let observation = loop.runningCallback
            let limit = observation.flatMap { InstanceLabels.shared[$0.label] }?.callbackWarningNanoseconds ?? 0
            guard let finding = state.callbacks.look(thread: loop.index, observation, at: now, limit: limit) else {
                continue
            }
            let (label, kind) = (finding.observation.label, finding.observation.kind)
            guard state.log.pass(Sayings(label: label, kind: kind, loop: nil), at: now) else { continue }
            logger.warning(
                "a callback holds its event loop: it has run for \(finding.duration / 1_000_000) ms (callback_warning)",
                metadata: metadata(label, kind, ["loop": "\(loop.index)"]))
        }
    }

    private func watchWorkers(_ state: inout State, _ now: UInt64) {
        let limit = workerWarning.load(ordering: .relaxed)
        guard limit > 0 else { return }
        for item in engine.workers.runningItems where now > item.since && now - item.since >= limit {
            guard state.log.pass(Sayings(label: item.label, kind: item.kind, loop: nil), at: now) else { continue }
            logger.warning(
                "a worker is stuck: its job has run for \((now - item.since) / 1_000_000) ms (worker_warning)",
                metadata: metadata(item.label, item.kind, ["worker": "\(item.worker)"]))
        }
    }

    /// A loop whose pulse is late by loop_timeout is stuck and gets no more peers.
    private func watchStuck(_ state: inout State) {
        for (index, pulse) in state.pulses.enumerated() where !pulse.isAnswered && pulse.deadline.isOver {
            let (loop, turn) = (engine.loops[index], engine.loops[index].page.header.pointee.turns.value)
            loop.noteMiss(since: pulse.turn)
            guard turn != pulse.turn else { continue }
            // The loop has turned since the pulse was sent. It may have got stuck before it read its mailbox, so its time starts
            // again.
            state.pulses[index].turn = turn
            state.pulses[index].deadline = engine.patience.deadline
        }
        let stuck = Set(engine.loops.filter(\.isStuck).map(\.index))
        guard stuck != state.stuck else {
            // The loop that should take the peers may have failed to, or may be stuck itself by now.
            if !stuck.isEmpty, state.ticks % Self.faultTicks == 0 { state.onStuck?() }
            return
        }
        for index in stuck.subtracting(state.stuck) {
            logger.error(
                "event loop \(index) \(Stall.text(of: engine.loops[index])); other loops take its new peers (loop_timeout)",
                metadata: ["loop": "\(index)"])
        }
        for index in state.stuck.subtracting(stuck) {
            logger.notice("the event loop turns again", metadata: ["loop": "\(index)"])
        }
        state.stuck = stuck
        state.onStuck?()
    }

    /// Logs which rules plugins have broken and where, and which listeners refuse connections because of it.
    private func watchFaults(_ state: inout State, _ now: UInt64) {
        var refusing: Set<String> = []
        for label in InstanceLabels.shared.all {
            let metadata: Logger.Metadata = [
                "listener": "\(label.listener)", "plugin": "\(label.plugin)", "version": "\(label.version)",
                "generation": "\(label.generation)",
            ]
            let news = label.faults.takeNews()
            for report in news.reports {
                logger.error(
                    "the plugin broke a rule of martlet.h in \(report.callback.name): \(report.fault.text)",
                    metadata: metadata.merging(["times": "\(report.count)"]) { $1 })
            }
            if label.faults.isRefusing(at: now) { refusing.insert(label.listener) }
            if news.hasBegunToRefuse {
                logger.error(
                    """
                    the listener refuses new connections for \(label.faults.policy.window / 1_000_000) ms: its plugin breaks \
                    rules too often (fault_limit); reload with another plugin, or martlet rollback \(label.listener)
                    """,
                    metadata: metadata)
            }
        }
        for listener in state.refusing.subtracting(refusing) {
            logger.notice("the listener takes connections again", metadata: ["listener": "\(listener)"])
        }
        state.refusing = refusing
    }

    /// Logs loops that do not turn. Every half second, sends each loop that has answered a new pulse.
    private func watchPulses(_ state: inout State, _ now: UInt64) {
        for (index, pulse) in state.pulses.enumerated() where !pulse.isAnswered {
            guard now - pulse.sent >= Self.loopLimit, state.log.pass(Sayings(label: 0, kind: nil, loop: index), at: now)
            else { continue }
            let held = engine.loops[index].runningCallback
            logger.error(
                "an event loop has not turned for \((now - pulse.sent) / 1_000_000) ms: its connections wait",
                metadata: metadata(held?.label, held?.kind, ["loop": "\(index)"]))
        }
        state.ticks += 1
        guard state.ticks % Self.pulseTicks == 0 else { return }
        if state.pulses.isEmpty {
            state.pulses = engine.loops.map { loop in
                Pulse(sent: now, engine.patience.deadline, loop, isAnswered: true)
            }
        }
        for (index, loop) in engine.loops.enumerated() where state.pulses[index].isAnswered {
            let pulse = Pulse(sent: now, engine.patience.deadline, loop)
            state.pulses[index] = pulse
            loop.run { [answer = pulse.answer] _ in answer.hasCome.store(true, ordering: .relaxed) }
        }
    }

    private func metadata(_ label: UInt32?, _ kind: CallbackKind?, _ more: Logger.Metadata) -> Logger.Metadata {
        var metadata = more
        if let kind { metadata["callback"] = "\(kind.name)" }
        if let found = label.flatMap({ InstanceLabels.shared[$0] }) {
            metadata["listener"] = "\(found.listener)"
            metadata["plugin"] = "\(found.plugin)"
            metadata["generation"] = "\(found.generation)"
        }
        return metadata
    }
}
