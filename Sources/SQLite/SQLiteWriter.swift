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

    private let monitor = Monitor()
    private let settings: SQLiteSettings

    // Guarded by the monitor.
    private var queue: [Job] = []
    private var isStopping = false
    private var published = Counts()
    /// How many waiting jobs wake the thread.
    private var wanted = 1

    // Used on the thread.
    private let connection: SQLiteConnection
    private let batch: SQLiteBatch
    private var gathering = Gathering()
    private var thread: NamedThread?

    /// Opens the file, and creates it if it is not there.
    package init(_ path: String, _ settings: SQLiteSettings = SQLiteSettings()) throws(DatabaseError) {
        self.settings = settings
        connection = try SQLiteConnection(path, .write)
        batch = try SQLiteBatch(connection, settings)
    }

    package func start() throws(SystemError) {
        thread = try NamedThread(name: "sqlite-writer") { [self] in work() }
    }

    /// Answers what waits, and closes the file.
    package func stop() {
        monitor.locked {
            isStopping = true
            monitor.signal()
        }
        thread?.join()
        thread = nil
    }

    /// False: too many wait, or it is stopping. Then the job is not answered.
    package func submit(_ job: Job) -> Bool {
        monitor.locked {
            guard !isStopping, queue.count < settings.queueLimit else { return false }
            queue.append(job)
            if queue.count == wanted { monitor.signal() }
            return true
        }
    }

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
    /// In 68 years.
    private static let never: UInt64 = 1 << 61

    private func work() {
        while true {
            switch next() {
            case .jobs(let jobs):
                let began = readMonotonicClock()
                let outcomes = batch.run(jobs)
                gathering.note(batch: jobs.count, nanoseconds: readMonotonicClock() - began)
                publish()
                for (job, outcome) in zip(jobs, outcomes) { job.answer(outcome) }
                batch.checkpoint(isIdle: false)
            case .idle: batch.checkpoint(isIdle: true)
            case .end: return
            }
            publish()
        }
    }

    private func publish() { monitor.locked { published = batch.counts } }

    private func next() -> Next {
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
