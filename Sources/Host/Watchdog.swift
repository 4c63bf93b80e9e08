import CLinux
import Engine
import HostInterface
import Instances
import Logging
import PluginHost
import Synchronization
import Telemetry
import Threads

/// Watches the other threads: finds callbacks that hold a loop or a worker for too long, and loops that are stuck. It looks every
/// 20 ms while there is work, and sleeps while there is none.
///
/// It has its own thread, because the control thread waits for loops.
final class Watchdog: Sendable {
    private static let tickMilliseconds: UInt64 = 20
    /// A loop that has work but has not turned for this long is logged. Nanoseconds.
    private static let loopLimit: UInt64 = 1_000_000_000
    private static let faultTicks = 50
    private static let memoryTicks = 5
    /// What a tick counts at most. Longer ones are those in which nobody could run, such as a virtual machine that was paused.
    private static let longestTick: UInt64 = 200_000_000
    /// The watchdog goes to sleep after this many ticks in a row without work. More than `faultTicks`, so that it checks for faults
    /// before it sleeps.
    private static let quietTicks = 60

    private struct Sayings: Hashable {
        let label: UInt32
        let kind: CallbackKind?
        let loop: Int?
    }

    /// A loop when it last made progress or had nothing to do.
    private struct Progress {
        var turns: UInt64
        /// In `State.time`.
        var since: UInt64
    }

    /// Used on the watchdog's thread.
    private struct State {
        var callbacks = CallbackWatch()
        var hangs = CallbackWatch()
        var log = OncePer<Sayings>(nanoseconds: 60_000_000_000)
        /// By the index of the loop.
        var progress: [Progress] = []
        var ticks = 0
        /// Nanoseconds that have passed for those who could run.
        var time: UInt64 = 0
        /// The last tick. CLOCK_MONOTONIC, nanoseconds.
        var last: UInt64 = 0
        /// Ticks in a row without work.
        var quietTicks = 0
        /// Turns of all loops together, at the last tick.
        var turns: UInt64 = 0
        /// Loops that have not turned for loop_timeout.
        var stuck: Set<Int> = []
        var onStuck: (@Sendable () -> Void)?
        var onIdle: (@Sendable () -> Void)?
        /// Listeners that refused connections at the last check.
        var refusing: Set<String> = []
    }

    private let engine: Engine
    private let log: ProcessLog
    private var logger: Logger { log.logger }
    private let workerWarning: Atomic<UInt64>
    private let thread: SerialThread
    private let state = Mutex(State())
    private let isStopping = Atomic<Bool>(false)
    private let endsProcess: Bool
    /// Resident bytes at which this process ends itself; 0: never.
    private let memoryLimit: Atomic<UInt64>
    /// Processes and threads that its user may have; 0: any number.
    private let processLimit: UInt64

    /// - Parameter endsProcess: a callback that has hung ends this process, and so does too much memory.
    init(_ engine: Engine, _ settings: RuntimeSettings, log: ProcessLog, endsProcess: Bool) throws(SystemError) {
        self.endsProcess = endsProcess
        memoryLimit = Atomic(settings.memoryLimit)
        processLimit = settings.processLimit
        self.engine = engine
        self.log = log
        workerWarning = Atomic(settings.workerWarningNanoseconds)
        thread = try SerialThread(name: "watchdog")
        engine.alarm.onRing { [weak self] in self?.schedule() }
        schedule()
    }

    /// Calls a function, on this thread, when the set of stuck loops changes, and every second while it is not empty.
    func onStuck(_ body: @escaping @Sendable () -> Void) { state.withLock { $0.onStuck = body } }

    /// Calls a function, on this thread, when the server has been idle for a second.
    func onIdle(_ body: @escaping @Sendable () -> Void) { state.withLock { $0.onIdle = body } }

    /// Takes over what can change live.
    func apply(_ settings: RuntimeSettings) {
        workerWarning.store(settings.workerWarningNanoseconds, ordering: .relaxed)
        memoryLimit.store(settings.memoryLimit, ordering: .relaxed)
    }

    func stop() {
        isStopping.store(true, ordering: .relaxed)
        thread.stop()
    }

    private func schedule() {
        thread.run(after: Self.tickMilliseconds) { [self] in
            guard !isStopping.load(ordering: .relaxed) else { return }
            let isQuiet = look()
            // A queue in which nothing moves does not check itself.
            engine.workers.grow()
            if isQuiet { sleep() } else { schedule() }
        }
    }

    /// - Returns: whether the server has been idle for a second.
    private func look() -> Bool {
        let now = MonotonicTime.now().nanoseconds
        return state.withLock { state in
            state.ticks += 1
            state.time += min(now - state.last, Self.longestTick)
            state.last = now
            watchLoops(&state, now)
            watchWorkers(&state, now)
            watchProgress(&state, now)
            if endsProcess {
                watchHangs(&state)
                if state.ticks % Self.memoryTicks == 0 {
                    watchMemory()
                    watchProcesses()
                }
            }
            watchStuck(&state)
            if state.ticks % Self.faultTicks == 0 { watchFaults(&state, now) }
            let turns = self.turns
            let isQuiet = turns == state.turns && !hasWork && state.stuck.isEmpty && state.refusing.isEmpty
            state.quietTicks = isQuiet ? state.quietTicks + 1 : 0
            state.turns = turns
            return state.quietTicks >= Self.quietTicks
        }
    }

    /// Stops looking until a loop or a worker begins to work.
    private func sleep() {
        let (seen, onIdle) = state.withLock { state in
            state.quietTicks = 0
            return (state.turns, state.onIdle)
        }
        onIdle?()
        guard engine.alarm.set() else { return schedule() }
        // Work that began before the alarm was set does not trigger it.
        if turns != seen || hasWork, engine.alarm.unset() { schedule() }
    }

    private var turns: UInt64 { engine.loops.reduce(0) { $0 &+ $1.turns } }

    private var hasWork: Bool {
        let workers = engine.workers.counts
        return workers.running + workers.queued > 0 || engine.loops.contains(where: \.hasWork)
            || engine.published.threads.contains { $0.running.pointee.observation != nil }
    }

    private func watchLoops(_ state: inout State, _ now: UInt64) {
        for loop in engine.loops {
            let observation = loop.runningCallback
            let limit = observation.flatMap { InstanceLabels.shared[$0.label] }?.callbackWarningNanoseconds ?? 0
            guard let finding = state.callbacks.look(thread: loop.index, observation, at: state.time, limit: limit)
            else {
                continue
            }
            let (label, kind) = (finding.observation.label, finding.observation.kind)
            guard state.log.pass(Sayings(label: label, kind: kind, loop: nil), at: now) else { continue }
            logger.warning(
                "a callback holds its event loop: it has run for \(finding.duration / 1_000_000) ms (callback_warning)",
                metadata: metadata(label, kind, ["loop": "\(loop.index)"]))
        }
    }

    /// Ends this process when a callback of a connection has not returned for hang_timeout: nothing else frees its thread.
    private func watchHangs(_ state: inout State) {
        let threads = engine.published.threads
        state.hangs.forget(except: threads.map { Int($0.thread) })
        for (index, record) in threads.enumerated() {
            let isLoop = index < engine.loops.count
            let observation = record.running.pointee.observation.flatMap {
                Self.mayHang($0.kind, onLoop: isLoop) ? $0 : nil
            }
            let limit = observation.flatMap { InstanceLabels.shared[$0.label] }?.hangNanoseconds ?? 0
            guard let finding = state.hangs.look(thread: Int(record.thread), observation, at: state.time, limit: limit)
            else {
                continue
            }
            let (label, kind) = (finding.observation.label, finding.observation.kind)
            logger.critical(
                "a callback has not returned for \(finding.duration / 1_000_000) ms: this host is ended (hang_timeout)",
                metadata: metadata(label, kind, [:]))
            log.flush()
            linux_end_process("hang_timeout", record.thread)
        }
    }

    /// Ends this process when it has more memory than memory_limit: its successor begins with little.
    private func watchMemory() {
        let limit = memoryLimit.load(ordering: .relaxed)
        guard limit > 0 else { return }
        let resident = linux_resident_bytes()
        guard resident > limit else { return }
        logger.critical(
            "this host is ended: it has \(resident) bytes of memory (memory_limit)", metadata: ["limit": "\(limit)"])
        log.flush()
        linux_end_process("memory_limit", 0)
    }

    /// Ends this process when its plugins have started so many others that the user has no more: its server ends those too. Another host
    /// of the same user may be to blame, so it must be half of them at least.
    private func watchProcesses() {
        guard processLimit > 0, linux_can_start_thread() == 0 else { return }
        let count = OwnSession.taskCount
        guard count >= processLimit / 2 else { return }
        logger.critical(
            "this host is ended: its plugins have started \(count) processes and threads (process_limit)",
            metadata: ["limit": "\(processLimit)"])
        log.flush()
        linux_end_process("process_limit", 0)
    }

    /// The others have deadlines of their own, or none: work, and ticks on workers.
    private static func mayHang(_ kind: CallbackKind, onLoop isLoop: Bool) -> Bool {
        switch kind {
        case .tick: isLoop
        case .work, .operation, .create, .destroy, .saveState, .restoreState, .stateMoved: false
        default: true
        }
    }

    private func watchWorkers(_ state: inout State, _ now: UInt64) {
        let limit = workerWarning.load(ordering: .relaxed)
        guard limit > 0 else { return }
        for item in engine.published.jobs where now > item.since && now - item.since >= limit {
            guard state.log.pass(Sayings(label: item.label, kind: item.kind, loop: nil), at: now) else { continue }
            logger.warning(
                "a worker is stuck: its job has run for \((now - item.since) / 1_000_000) ms (worker_warning)",
                metadata: metadata(item.label, item.kind, ["worker": "\(item.worker)"]))
        }
    }

    /// Logs loops that do not turn. A loop that has work but does not turn for loop_timeout is stuck.
    private func watchProgress(_ state: inout State, _ now: UInt64) {
        if state.progress.isEmpty {
            state.progress = engine.loops.map { Progress(turns: $0.turns, since: state.time) }
        }
        for (index, loop) in engine.loops.enumerated() {
            let last = state.progress[index]
            guard loop.turns == last.turns, loop.hasWork else {
                state.progress[index] = Progress(turns: loop.turns, since: state.time)
                continue
            }
            if state.time - last.since >= engine.patience.nanoseconds { loop.noteMiss(since: last.turns) }
            guard state.time - last.since >= Self.loopLimit,
                state.log.pass(Sayings(label: 0, kind: nil, loop: index), at: now)
            else { continue }
            let held = loop.runningCallback
            logger.error(
                "an event loop has not turned for \((state.time - last.since) / 1_000_000) ms: its connections wait",
                metadata: metadata(held?.label, held?.kind, ["loop": "\(index)"]))
        }
    }

    /// A stuck loop gets no more peers.
    private func watchStuck(_ state: inout State) {
        let stuck = Set(engine.loops.filter(\.isStuck).map(\.index))
        guard stuck != state.stuck else {
            // The loop that should take the peers may have failed to, or may be stuck itself by now.
            if !stuck.isEmpty, state.ticks % Self.faultTicks == 0 { state.onStuck?() }
            return
        }
        for index in stuck.subtracting(state.stuck) {
            logger.error(
                "event loop \(index) \(Stall.text(of: engine.loops[index].page)); other loops take its new peers (loop_timeout)",
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
