import CMartlet
import Glibc
import Synchronization
import Threads

/// Threads that run code that may block, behind a bounded queue: as many as the work needs, between a minimum and a maximum.
package final class WorkerPool: Sendable {
    package struct Counts: Sendable {
        package var settings: WorkerSettings
        package var threads = 0
        package var submitted: UInt64 = 0
        package var completed: UInt64 = 0
        package var rejected: UInt64 = 0
        package var queued = 0
        package var running = 0
    }

    /// An item that a worker is running.
    package struct Running: Sendable {
        package let worker: Int
        /// Names the instance, as in its binding.
        package let label: UInt32
        package let kind: CallbackKind
        /// CLOCK_MONOTONIC, nanoseconds.
        package let since: UInt64
    }

    /// The outcome of a submission. The work is called only if it is `taken`.
    package enum Submission: Sendable { case taken, full, stopping }

    private struct Threads: Sendable {
        var live: [Int: NamedThread] = [:]
        /// Threads that have left the queue and are not joined yet.
        var ended: [Int] = []
        var started = 0
    }

    private let queue: WorkQueue
    private let memory: Quota
    private let arena: Arena
    private let published: PublishedPages
    private let alarm: WatcherAlarm
    private let threads = Mutex(Threads())
    /// Of a pool without threads, which its caller drives.
    private let agenda: DrivenAgenda?
    /// The one worker of such a pool.
    private let driven: Worker?

    init(
        _ settings: WorkerSettings, memory: Quota, arena: Arena, published: PublishedPages,
        alarm: WatcherAlarm = WatcherAlarm(),
        agenda: DrivenAgenda? = nil
    ) throws(SystemError) {
        queue = WorkQueue(settings, published: published)
        self.memory = memory
        self.arena = arena
        self.published = published
        self.alarm = alarm
        self.agenda = agenda
        driven = agenda == nil ? nil : Worker(memory, arena, nil)
        if agenda == nil { while queue.takePlaceForThread() { try startThread() } }
    }

    /// May be called from any thread.
    ///
    /// - Parameter kind: what the function is for the plugin.
    package func submit(
        _ work: @escaping martlet_work, context: UnsafeMutableRawPointer?, kind: CallbackKind = .work, label: UInt32,
        share: WorkShare, completion: @escaping @Sendable () -> Void
    ) -> Submission {
        submit(
            .work(work, context: context, kind: kind, label: label, completion: completion), for: share, isFinal: true)
    }

    func submit(_ job: ConnectionJob) -> Submission {
        if let driven {
            // Callbacks do not wait for the caller, only work does.
            perform(.callback(job), driven)
            return .taken
        }
        let share = job.connection.links.pointee.binding.pointee.admission.workShare
        return submit(.callback(job), for: share, isFinal: false)
    }

    private func submit(_ item: WorkItem, for share: WorkShare, isFinal: Bool) -> Submission {
        let submission = queue.put(item, for: share, isFinal: isFinal)
        if let agenda {
            if submission == .taken { agenda.add(.work) }
            return submission
        }
        if submission != .stopping { grow() }
        return submission
    }

    package var counts: Counts { queue.counts }

    /// Starts the threads that the work needs. The watchdog also calls it regularly, because nothing else checks a queue in which
    /// nothing moves.
    package func grow() {
        guard agenda == nil else { return }
        while queue.takePlaceForThread() {
            do throws(SystemError) {
                try startThread()
            } catch {
                // The other threads continue; the next item tries again.
                return queue.givePlaceOfThread()
            }
        }
    }

    /// Keeps from `minimum` to `maximum` threads from now on. Threads above the maximum exit after their current item.
    package func resize(minimum: Int, maximum: Int) {
        queue.change { ($0.minimum, $0.maximum) = (min(minimum, maximum), max(maximum, 1)) }
        grow()
    }

    package func setTimes(growthNanoseconds: UInt64, idleNanoseconds: UInt64) {
        queue.change { ($0.growthNanoseconds, $0.idleNanoseconds) = (growthNanoseconds, idleNanoseconds) }
    }

    /// Must be called after a change of a listener's share.
    package func lookAgain() {
        queue.change { _ in }
        grow()
    }

    /// Running items finish; no other item starts until `resume`. The queue still accepts items until it is full.
    package func pause() { queue.change { $0.isPaused = true } }

    package func resume() {
        queue.change { $0.isPaused = false }
        grow()
    }

    private func startThread() throws(SystemError) {
        try threads.withLock { threads throws(SystemError) in
            for number in threads.ended { threads.live.removeValue(forKey: number)?.join() }
            threads.ended = []
            let number = threads.started
            threads.live[number] = try NamedThread(name: "worker-\(number)") { [self] in
                work(number)
                self.threads.withLock { $0.ended.append(number) }
            }
            threads.started += 1
        }
    }

    private func work(_ number: Int) {
        published.withThreadRecord { record in
            let worker = Worker(memory, arena, record)
            while let item = queue.take(worker: number) {
                alarm.noteActivity()
                record?.beginJob(item.kind, item.label, worker: number)
                perform(item, worker) {
                    record?.endJob()
                    queue.finish(worker: number)
                }
            }
        }
    }

    /// Runs the next item of a driven pool, if there is one.
    func runOne() {
        guard let driven, let item = queue.takeReady(worker: 0) else { return }
        perform(item, driven) { queue.finish(worker: 0) }
    }

    /// - Parameter finish: called once the item no longer occupies the worker.
    private func perform(_ item: WorkItem, _ worker: Worker, finish: () -> Void = {}) {
        switch item {
        case .work(let function, let argument, let kind, let label, let completion):
            worker.running.pointee.begin(kind, label)
            function(argument)
            worker.running.pointee.end()
            if let agenda { agenda.complete(completion) } else { completion() }
            finish()
        case .callback(let job):
            let result = worker.context.run(job)
            finish()
            job.home.send(.returned(job, result))
        }
    }

    /// Runs what is queued, then stops the threads and joins them.
    package func stop() {
        queue.change { $0.isPaused = false }
        queue.close()
        let live = threads.withLock { threads in
            defer { threads.live = [:] }
            return threads.live.values.map { $0 }
        }
        for thread in live { thread.join() }
    }
}

/// What a worker needs for the callbacks that it runs.
private final class Worker: @unchecked Sendable {
    let context = CallbackContextPointer.allocate(capacity: 1)
    let running: UnsafeMutablePointer<RunningCallback>
    /// Of a record that nobody reads.
    private let own: UnsafeMutableRawPointer?

    /// - Parameter record: nil: what it runs is not published.
    init(_ memory: Quota, _ arena: Arena, _ record: ThreadRecord?) {
        own = record == nil ? calloc(1, ThreadRecord.size) : nil
        let record = record ?? ThreadRecord(own!)
        running = record.running
        context.initialize(
            to: CallbackContext(index: 0, memory: memory, arena: arena, isWorker: true, record: record))
    }

    deinit {
        context.deinitialize(count: 1)
        context.deallocate()
        free(own)
    }
}
