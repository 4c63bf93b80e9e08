import SQL
import Threads

/// The one thread that writes to a file of SQLite, with the only connection that may, and makes all checkpoints.
///
/// It takes all jobs that wait, runs them in one transaction, commits once and then answers them all. So the price of a commit, which is
/// a wait for the disk, is shared by the connections of all plugins. A job that fails leaves nothing behind, and the others do not notice.
package final class SQLiteWriter: @unchecked Sendable {
    package struct Counts: Sendable, Equatable {
        package var jobs: UInt64 = 0
        package var failures: UInt64 = 0
        package var commits: UInt64 = 0
        /// Batches that were run again because a job had ended the transaction.
        package var repeats: UInt64 = 0
        package var checkpoints: UInt64 = 0
    }

    private let path: String
    private let settings: SQLiteSettings
    private let monitor = Monitor()
    private let current = CurrentJob()

    // Guarded by the monitor.
    private var queue: [Job] = []
    private var isStopping = false
    private var published = Counts()
    /// How many waiting jobs wake the thread.
    private var wanted = 1
    private var state = State.opening
    private var thread: NamedThread?

    // Used on the thread.
    private var gathering = Gathering()
    /// For the batch that begins now; nil: there is nobody to wait for.
    private var plan: Gathering.Plan?
    /// How long it may still wait. Nanoseconds.
    private var patience: UInt64 = 0
    /// How long the running batch has waited since it began. Nanoseconds.
    private var waited: UInt64 = 0

    package enum State: Sendable, Equatable {
        case opening, open
        /// Another process writes. Jobs wait for its end.
        case locked(DatabaseError)
        /// It is tried again. Jobs fail at once meanwhile.
        case away(DatabaseError)
    }

    package init(_ path: String, _ settings: SQLiteSettings = SQLiteSettings()) {
        (self.path, self.settings) = (path, settings)
    }

    /// Opens the file on the thread, and creates it if it is not there.
    package func start() throws(SystemError) {
        let thread = try NamedThread(name: "sqlite-writer") { [self] in work() }
        monitor.locked { self.thread = thread }
    }

    /// Answers what waits, and closes the file.
    package func stop() {
        monitor.locked {
            isStopping = true
            monitor.broadcast()
        }
        let thread = monitor.locked {
            defer { self.thread = nil }
            return self.thread
        }
        thread?.join()
    }

    /// nil: the job was taken. Otherwise it is not answered.
    package func submit(_ job: Job) -> DatabaseError? {
        var wakes = false
        // After the lock, which the thread takes first of all.
        defer { if wakes { monitor.broadcast() } }
        return monitor.locked {
            if isStopping { return DatabaseError(.stopping, "the database is being closed") }
            if case .away(let error) = state { return error }
            guard queue.count < settings.queueLimit else {
                return DatabaseError(.busy, "\(queue.count) jobs wait already")
            }
            queue.append(job)
            wakes = queue.count == wanted
            return nil
        }
    }

    package var currentState: State { monitor.locked { state } }

    /// Waits until the file has been opened, or cannot be. Another process that writes is no obstacle to those who read.
    package func waitUntilReadable() throws(DatabaseError) {
        let problem = monitor.locked { () -> DatabaseError? in
            while state == .opening, !isStopping { monitor.wait() }
            if case .away(let error) = state { return error }
            return isStopping ? DatabaseError(.stopping, "the database is being closed") : nil
        }
        if let problem { throw problem }
    }

    /// The job that the thread runs now.
    package var running: RunningJob? { current.job.withLock { $0 } }
    package var counts: Counts { monitor.locked { published } }
    package var waiting: Int { monitor.locked { queue.count } }

    // MARK: The thread

    private enum Next {
        case jobs
        /// There has been nothing to do for a while.
        case idle
        case end
    }

    private static let idleNanoseconds: UInt64 = 100_000_000
    /// Between two attempts to open the file.
    private static let retryNanoseconds: UInt64 = 50_000_000
    /// In 68 years.
    private static let never: UInt64 = 1 << 61

    private func work() {
        var lock: DatabaseLock?
        while true {
            do throws(DatabaseError) {
                if lock == nil { lock = try DatabaseLock(path) }
                let batch = try SQLiteBatch(SQLiteConnection(path, .write), settings, current)
                enter(.open)
                return serve(batch)
            } catch {
                enter(lock == nil && error.kind == .busy ? .locked(error) : .away(error))
                guard waitForRetry(error) else { return }
            }
        }
    }

    private func enter(_ new: State) {
        monitor.locked {
            state = new
            monitor.broadcast()
        }
    }

    /// Answers those who cannot wait. False: it is stopping.
    private func waitForRetry(_ error: DatabaseError) -> Bool {
        let now = readMonotonicClock()
        let (failed, goesOn) = monitor.locked { () -> ([Job], Bool) in
            let end = now + Self.retryNanoseconds
            while !isStopping, monitor.wait(until: end) {}
            let all = error.kind != .busy || isStopping
            defer { queue = all ? [] : queue.filter { $0.deadline > now } }
            return (all ? queue : queue.filter { $0.deadline <= now }, !isStopping)
        }
        for job in failed { job.answer(.failure(error)) }
        return goesOn
    }

    private func serve(_ batch: SQLiteBatch) {
        var jobs: [Job] = []
        while true {
            switch next(batch, &jobs) {
            case .jobs:
                let began = readMonotonicClock()
                waited = 0
                let outcomes = batch.run(&jobs) { gatherMore(after: $0) }
                let time = readMonotonicClock() - began - waited
                gathering.note(batch: jobs.count, nanoseconds: time, disk: batch.diskNanoseconds)
                publish(batch)
                Job.answer(jobs, outcomes)
                jobs.removeAll(keepingCapacity: true)
                batch.checkpoint(isIdle: false)
            case .idle: batch.checkpoint(isIdle: true)
            case .end: return
            }
            publish(batch)
        }
    }

    private func publish(_ batch: SQLiteBatch) { monitor.locked { published = batch.counts } }

    /// - Parameter jobs: empty; gets what is to be run.
    private func next(_ batch: SQLiteBatch, _ jobs: inout [Job]) -> Next {
        monitor.locked {
            beginGathering()
            let end = batch.wantsCheckpoint(isIdle: true) ? readMonotonicClock() + Self.idleNanoseconds : Self.never
            while queue.isEmpty {
                if isStopping { return .end }
                wanted = 1
                let isLate = !monitor.wait(until: end)
                if isLate, queue.isEmpty, !isStopping { return .idle }
            }
            take(atMost: settings.batchLimit, into: &jobs)
            return .jobs
        }
    }

    /// With the lock held.
    ///
    /// - Parameter jobs: empty. Its memory is the next queue's.
    private func take(atMost limit: Int, into jobs: inout [Job]) {
        swap(&jobs, &queue)
        guard jobs.count > limit else { return }
        queue.append(contentsOf: jobs[limit...])
        jobs.removeSubrange(limit...)
    }

    /// Waits a moment for those who were answered just now, and are likely to come back. With the lock held.
    private func beginGathering() {
        plan = isStopping ? nil : gathering.plan(waiting: queue.count, limit: settings.batchLimit)
        guard let plan else { return }
        patience = plan.nanoseconds
        _ = gather(Gathering.portion(of: plan.count - queue.count) + queue.count)
    }

    /// Waits for the others while the batch is open: those that are there have been run meanwhile.
    ///
    /// - Parameter count: jobs in the batch.
    private func gatherMore(after count: Int) -> [Job] {
        guard let plan else { return [] }
        guard count < plan.count else {
            gathering.note(reached: true)
            self.plan = nil
            return []
        }
        return monitor.locked {
            waited += gather(Gathering.portion(of: plan.count - count))
            var more: [Job] = []
            take(atMost: plan.count - count, into: &more)
            return more
        }
    }

    /// Waits until so many jobs are there. With the lock held.
    ///
    /// - Returns: how long it has waited. Nanoseconds.
    private func gather(_ count: Int) -> UInt64 {
        guard queue.count < count, !isStopping else { return 0 }
        wanted = count
        let began = readMonotonicClock()
        while queue.count < wanted, !isStopping, monitor.wait(until: began + patience) {}
        if queue.count < wanted {
            if !isStopping { gathering.note(reached: false) }
            plan = nil
        }
        let time = readMonotonicClock() - began
        patience -= min(time, patience)
        return time
    }
}
