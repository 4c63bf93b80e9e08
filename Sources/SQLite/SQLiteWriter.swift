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
        monitor.locked {
            if isStopping { return DatabaseError(.stopping, "the database is being closed") }
            if case .away(let error) = state { return error }
            guard queue.count < settings.queueLimit else {
                return DatabaseError(.busy, "\(queue.count) jobs wait already")
            }
            queue.append(job)
            if queue.count == wanted { monitor.broadcast() }
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
        case jobs([Job])
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
        while true {
            switch next(batch) {
            case .jobs(let jobs):
                let began = readMonotonicClock()
                let outcomes = batch.run(jobs)
                gathering.note(batch: jobs.count, nanoseconds: readMonotonicClock() - began)
                publish(batch)
                for (job, outcome) in zip(jobs, outcomes) { job.answer(outcome) }
                batch.checkpoint(isIdle: false)
            case .idle: batch.checkpoint(isIdle: true)
            case .end: return
            }
            publish(batch)
        }
    }

    private func publish(_ batch: SQLiteBatch) { monitor.locked { published = batch.counts } }

    private func next(_ batch: SQLiteBatch) -> Next {
        monitor.locked {
            gather()
            let end = batch.wantsCheckpoint(isIdle: true) ? readMonotonicClock() + Self.idleNanoseconds : Self.never
            while queue.isEmpty {
                if isStopping { return .end }
                wanted = 1
                let isLate = !monitor.wait(until: end)
                if isLate, queue.isEmpty, !isStopping { return .idle }
            }
            if queue.count <= settings.batchLimit {
                defer { queue = [] }
                return .jobs(queue)
            }
            defer { queue.removeFirst(settings.batchLimit) }
            return .jobs(Array(queue[..<settings.batchLimit]))
        }
    }

    /// Waits a moment for those who were answered just now, and are likely to come back.
    private func gather() {
        guard !isStopping, let plan = gathering.plan(waiting: queue.count, limit: settings.batchLimit) else { return }
        wanted = plan.count
        let end = readMonotonicClock() + plan.nanoseconds
        while queue.count < wanted, !isStopping, monitor.wait(until: end) {}
        gathering.note(reached: queue.count >= wanted)
    }
}
