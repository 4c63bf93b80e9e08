import CLinux
import CMartlet
import Glibc
import Threads

/// Event loops and workers. Knows nothing of plugins except their function tables.
package final class Engine: Sendable {
    package let loops: [EventLoop]
    /// What the loops publish.
    package let published: PublishedPages
    package let workers: WorkerPool
    /// Connections.
    package let quota: Quota
    /// Bytes of buffers.
    package let memory: Quota
    /// What a successor of this process needs.
    package let arena: Arena
    package let patience: Patience
    /// Wakes the thread that watches the loops and workers.
    package let alarm: WatcherAlarm
    /// All listeners by name, for `hand_over`. The admissions of all listeners share it.
    package let listeners = ListenerDirectory()
    /// Of a driven engine, which has no threads: its caller makes every turn of its loops and runs every item of its workers. nil: it
    /// has threads.
    package let agenda: DrivenAgenda?
    private let records = RecordNumbers()
    private let slots: SlotDirectory

    /// - Parameters:
    ///   - recordsCrashes: what ends this process is published: `PublishedPages.crash`.
    ///   - quotas: limits that engines in several processes have together, and the place of this one.
    package init(
        _ settings: EngineSettings, isDriven: Bool = false, recordsCrashes: Bool = false,
        quotas: (page: SharedQuotas, place: Int)? = nil
    ) throws(SystemError) {
        agenda = isDriven ? DrivenAgenda() : nil
        quota = Quota(limit: settings.maximumConnections, shared: quotas.map { $0.page.connections($0.place) })
        memory = Quota(limit: settings.maximumBufferMemory, shared: quotas.map { $0.page.buffers($0.place) })
        arena = try Arena(isInFile: !isDriven)
        slots = SlotDirectory(arena: arena)
        alarm = WatcherAlarm()
        published = try PublishedPages(loopCount: settings.loopCount, isInFile: !isDriven)
        if recordsCrashes { published.recordCrashes() }
        workers = try WorkerPool(
            settings.workers, memory: memory, arena: arena, published: published, alarm: alarm, agenda: agenda)
        patience = Patience(nanoseconds: settings.patienceNanoseconds)
        var loops: [EventLoop] = []
        do throws(SystemError) {
            for index in 0..<settings.loopCount {
                loops.append(
                    try EventLoop(
                        index: index, settings, published: published, processQuota: quota, slots: slots,
                        memory: memory, arena: arena, workers: workers, alarm: alarm, patience: patience, agenda: agenda
                    ))
            }
        } catch {
            workers.stop()
            for loop in loops { loop.stop() }
            throw error
        }
        self.loops = loops
    }

    /// The process's descriptor limit minus the reserve. The reserve is at most a quarter of the limit. getrlimit(2)
    package static func descriptorCeiling(reserved: Int) -> Int32 {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return .max }
        let descriptors = Int(clamping: limit.rlim_cur)
        return Int32(clamping: descriptors - min(reserved, descriptors / 4))
    }

    // MARK: A driven engine

    package var isDriven: Bool { agenda != nil }

    /// Lets the first thing of the agenda happen: work together with its completion, or a delivery, which begins with the next turn of
    /// its loop. False: nothing waits.
    package func runOne() -> Bool {
        guard let item = agenda?.next() else { return false }
        switch item {
        case .work: workers.runOne()
        case .delivery(let deliver): deliver()
        }
        return true
    }

    // MARK: Deliveries

    /// The loop of a connection. For id 0 it is a loop that is not stuck, if there is one.
    package func loop(of connection: ConnectionID) -> EventLoop? {
        if connection.rawValue == 0 { return loops.first { !$0.isStuck } ?? loops.first }
        return slots.loop(of: connection.slot).flatMap { loops.indices.contains($0) ? loops[$0] : nil }
    }

    /// A connection waits for the completion of work.
    package func await(_ connection: ConnectionID) { slots.changeAwaited(connection, by: 1) }

    /// The work was refused.
    package func awaitNoMore(_ connection: ConnectionID) { slots.changeAwaited(connection, by: -1) }

    /// Has a function run on the loop of a connection when its session ends there. Called in a callback of the connection.
    ///
    /// - Parameter number: names the function among those of this engine.
    package func whenEnded(_ connection: ConnectionID, _ number: UInt64, _ function: @escaping @Sendable () -> Void) {
        slots.ends.add(connection, number, function)
    }

    /// The function need not run any more.
    package func forgetEnd(of connection: ConnectionID, _ number: UInt64) { slots.ends.remove(connection, number) }

    /// Runs a callback on a thread of a library, where the watchdog sees it.
    package func publish<Result>(_ kind: CallbackKind, _ label: UInt32, _ body: () -> Result) -> Result {
        // A driven engine has one thread for everything.
        if isDriven { return published.publishNested(kind, label, body) }
        return published.publish(kind, label) {
            alarm.noteActivity()
            return body()
        }
    }

    // MARK: Published counters

    /// Reserves a record for the counters of one more instance; nil: all are taken.
    package func takeRecord() -> Int? {
        guard let number = records.take() else { return nil }
        for loop in loops { loop.page.clear(number) }
        return number
    }

    /// The counters keep their values until another instance gets the record.
    package func giveRecord(_ number: Int) { records.give(number) }

    /// Stops the workers, then the loops. All connections must be gone, all listeners stopped, and no loop may be stuck.
    package func stop() {
        workers.stop()
        for loop in loops { loop.stop() }
    }
}

extension EventLoop {
    /// Reserves a place in the mailbox for a function, which may be sent later, such as the completion of work. The caller has already
    /// entered the ledger; it leaves with the delivery. nil: all places are taken, and the ledger has been left.
    package func promise(
        _ function: @escaping martlet_delivery, to connection: ConnectionID, context: UnsafeMutableRawPointer?,
        ledger: InstanceLedger, isAwaited: Bool = false
    ) -> Delivery? {
        guard mailbox.places.take() else {
            ledger.leave()
            return nil
        }
        return Delivery(
            connection: connection, function: function, context: context, ledger: ledger, mailbox: mailbox,
            isAwaited: isAwaited)
    }

    /// The caller has taken a place for it.
    package func broadcast(_ message: Broadcast) { mailbox.send(.broadcast(message)) }

    package func deliver(_ delivery: Delivery) { mailbox.send(.deliver(delivery)) }

    /// Leaves a delivery for the loop, which may sleep until `wake`.
    package func leave(_ delivery: Delivery) { mailbox.put(.deliver(delivery)) }

    /// From any thread.
    package func wake() { mailbox.wakeLoop() }
}
