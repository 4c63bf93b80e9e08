import CLinux
import Glibc
import Synchronization
import Threads

/// A thread with an epoll instance. Owns every connection that is accepted on it.
///
/// A driven loop has neither: its caller makes its turns, on its own thread, with `step`. Functions that wait for an answer make turns
/// until it is there.
package final class EventLoop: Sendable {
    package let index: Int
    package let page: LoopPage
    /// Keeps the memory of `page`.
    private let published: PublishedPages
    package let mailbox: Mailbox
    /// Only the loop's thread touches it. Lives as long as this object.
    nonisolated(unsafe) package let core: LoopPointer
    /// nil: the loop is driven.
    private let thread: NamedThread?
    /// A driven loop is in a turn.
    private let isStepping = Atomic<Bool>(false)
    let patience: Patience
    private let alarm: WatcherAlarm

    /// - Parameter agenda: of a driven loop.
    init(
        index: Int, _ settings: EngineSettings, published: PublishedPages, processQuota: Quota, slots: SlotDirectory,
        memory: Quota, arena: Arena, workers: WorkerPool, alarm: WatcherAlarm, patience: Patience, agenda: DrivenAgenda?
    ) throws(SystemError) {
        self.index = index
        self.published = published
        page = published.loops[index]
        self.patience = patience
        self.alarm = alarm
        mailbox = try Mailbox(limit: settings.deliveryLimit, page, of: published, agenda: agenda)
        let epoll = agenda == nil ? epoll_create1(Int32(EPOLL_CLOEXEC)) : -1
        guard epoll >= 0 || agenda != nil else { throw SystemError("epoll_create1") }
        core = LoopPointer.allocate(capacity: 1)
        core.initialize(
            to: LoopCore(
                index: UInt32(index), epoll: epoll, mailbox: mailbox, page: page, processQuota: processQuota,
                slots: slots, memory: memory, arena: arena, workers: workers, alarm: alarm,
                descriptorCeiling: Engine.descriptorCeiling(reserved: settings.reservedDescriptors)))
        guard agenda == nil else {
            thread = nil
            return
        }
        var event = epoll_event(events: Epoll.input | Epoll.edge, data: epoll_data_t(u64: EventTag.mailbox))
        guard epoll_ctl(epoll, EPOLL_CTL_ADD, mailbox.descriptor, &event) == 0 else { throw SystemError("epoll_ctl") }
        nonisolated(unsafe) let core = core
        let processors = settings.processors
        thread = try NamedThread(name: "loop-\(index)") { [page] in
            page.thread.begin()
            defer { page.thread.end() }
            if !processors.isEmpty { linux_pin_thread(Int32(processors[index % processors.count])) }
            core.context.pointee.updateClock()
            core.run()
        }
    }

    /// Runs a function on the loop, between callbacks, without waiting for it.
    package func run(_ body: @escaping @Sendable (LoopPointer) -> Void) {
        mailbox.send(.run(body))
        if thread == nil { while !mailbox.isEmpty, step() {} }
    }

    // MARK: A driven loop

    /// Makes one turn. False: the caller is already in a turn of this loop.
    @discardableResult
    package func step() -> Bool {
        guard !isStepping.exchange(true, ordering: .acquiring) else { return false }
        core.step()
        isStepping.store(false, ordering: .releasing)
        return true
    }

    /// A turn would do nothing now.
    package var isQuiet: Bool { core.isQuiet }

    /// When a turn has something to do although nothing happens: nanoseconds on CLOCK_MONOTONIC; nil: never.
    package var nextWake: UInt64? {
        let wake = core.nextWake
        return wake == .max ? nil : wake * 1_000_000
    }

    /// Runs a function on the loop and waits for its result. Must not be called on a loop.
    ///
    /// - Returns: nil when the loop did not begin the function in time; then it never runs. Also nil when the function has begun
    ///   and does not return in time: only a function that calls a plugin can do that.
    package func ask<Answer: Sendable>(
        by deadline: Deadline? = nil, _ body: @escaping @Sendable (LoopPointer) -> Answer
    ) -> Answer? {
        send(body, Claim(), by: deadline)
    }

    /// Runs a function on the loop sooner or later: it cannot be withdrawn. Waits for its result as `ask` does.
    ///
    /// - Returns: nil when the answer did not come in time. The function still runs once the loop turns again.
    package func order<Answer: Sendable>(_ body: @escaping @Sendable (LoopPointer) -> Answer) -> Answer? {
        send(body, nil, by: nil)
    }

    /// - Parameter claim: who has it decides whether the function runs; nil: it always does.
    private func send<Answer: Sendable>(
        _ body: @escaping @Sendable (LoopPointer) -> Answer, _ claim: Claim?, by deadline: Deadline?
    ) -> Answer? {
        let (reply, wasStuck, seen) = (Reply<Answer>(), isStuck, turns)
        if wasStuck, claim != nil { return nil }
        run { core in if claim?.take() ?? true { reply.set(body(core)) } }
        if wasStuck { return nil }
        if let answer = reply.wait(until: deadline ?? patience.deadline) { return answer }
        // If the loop has just begun what could be withdrawn, the answer comes soon, unless a plugin holds it up.
        if let claim, !claim.take(), let answer = reply.wait(until: patience.deadline) { return answer }
        noteMiss(since: seen)
        return nil
    }

    /// Turns that the loop has begun.
    package var turns: UInt64 { page.header.pointee.turns.value }

    /// The loop is in a turn, or has mail to begin one for. Otherwise it waits for events.
    package var hasWork: Bool { page.header.pointee.hasWork }

    /// The loop has missed a deadline and has not begun another turn since. No caller waits for it a second time.
    package var isStuck: Bool { page.header.pointee.isStuck }

    /// Notes that a deadline has passed that was set in this turn. A loop that has begun another turn since then is busy, not stuck.
    package func noteMiss(since turn: UInt64) {
        guard turn == turns else { return }
        page.header.pointee.missed.set(turn + 1)
        alarm.noteActivity()
    }

    /// The callback that the loop is running now.
    package var runningCallback: RunningCallback.Observation? { page.running.pointee.observation }

    /// Stops the thread and joins it. Every connection must be gone, and the loop must not be stuck.
    package func stop() {
        run { $0.stop() }
        thread?.join()
    }

    deinit {
        core.deinitialize(count: 1)
        core.deallocate()
    }
}

/// Either the loop takes it, and begins a function, or the sender takes it, and has withdrawn the function.
private final class Claim: Sendable {
    private let isTaken = Atomic<Bool>(false)

    /// False: the other side has taken it.
    func take() -> Bool { !isTaken.exchange(true, ordering: .acquiringAndReleasing) }
}
