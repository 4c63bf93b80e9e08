import CSQLite
import SQL
import Synchronization
import Threads

/// What the writer does now, for others to see.
final class CurrentJob: Sendable {
    let job = Mutex<RunningJob?>(nil)
}

/// Runs jobs in one transaction. Used on the writer's thread.
final class SQLiteBatch {
    /// A batch is run again so often; then each of its jobs gets a transaction of its own.
    private static let repeatLimit = 4

    private(set) var counts = SQLiteWriter.Counts()
    /// How long the last commit has waited for the disk. Its own work, which is to write the pages, does not count.
    private(set) var diskNanoseconds: UInt64 = 0
    private let current: CurrentJob
    private let connection: SQLiteConnection
    private let settings: SQLiteSettings
    private let begin: SQLiteConnection.Own
    private let commit: SQLiteConnection.Own
    private let rollBack: SQLiteConnection.Own
    private let savepoint: SQLiteConnection.Own
    private let release: SQLiteConnection.Own
    private let undo: SQLiteConnection.Own
    /// Pages in the log.
    private let logPages = UnsafeMutablePointer<Int32>.allocate(capacity: 1)
    /// Those of them that there were at the last checkpoint.
    private var oldPages: Int32 = 0

    init(
        _ connection: SQLiteConnection, _ settings: SQLiteSettings, _ current: CurrentJob = CurrentJob()
    ) throws(DatabaseError) {
        self.connection = connection
        self.current = current
        self.settings = settings
        begin = try connection.prepareOwn("BEGIN IMMEDIATE")
        commit = try connection.prepareOwn("COMMIT")
        rollBack = try connection.prepareOwn("ROLLBACK")
        savepoint = try connection.prepareOwn("SAVEPOINT job")
        release = try connection.prepareOwn("RELEASE job")
        undo = try connection.prepareOwn("ROLLBACK TO job")
        logPages.initialize(to: 0)
        sqlite3_wal_hook(
            connection.handle,
            { context, _, _, pages in
                context!.assumingMemoryBound(to: Int32.self).pointee = pages
                return SQLITE_OK
            }, logPages)
    }

    deinit {
        sqlite3_wal_hook(connection.handle, nil, nil)
        logPages.deallocate()
    }

    /// Runs jobs and commits what they have done. The caller tells those who wait.
    ///
    /// - Parameters:
    ///   - jobs: also those of `more` on return.
    ///   - more: gets the number of jobs that have been run, before the commit, and returns others for the same transaction; none: commit.
    func run(_ jobs: inout [Job], more: (Int) -> [Job] = { _ in [] }) -> [Job.Outcome] {
        var outcomes: [Job.Outcome?] = []
        outcomes.reserveCapacity(jobs.count)
        admit(jobs[...], &outcomes)
        runTogether(&jobs, &outcomes, more)
        counts.jobs += UInt64(jobs.count)
        return outcomes.map { outcome in
            if let outcome, case .success = outcome { return outcome }
            counts.failures += 1
            return outcome ?? .failure(DatabaseError(.other, "it was not run"))
        }
    }

    /// Those whose time is over have their outcome now.
    private func admit(_ jobs: ArraySlice<Job>, _ outcomes: inout [Job.Outcome?]) {
        let now = readMonotonicClock()
        for job in jobs {
            outcomes.append(
                job.deadline > now ? nil : .failure(DatabaseError(.busy, "it has waited for the writer too long")))
        }
    }

    /// Fills in the outcomes that are missing.
    private func runTogether(_ jobs: inout [Job], _ outcomes: inout [Job.Outcome?], _ more: (Int) -> [Job]) {
        var attempts = 0
        while outcomes.contains(where: { $0 == nil }) {
            guard attempts < Self.repeatLimit else {
                for index in jobs.indices where outcomes[index] == nil { outcomes[index] = runAlone(jobs[index]) }
                return
            }
            if attempts > 0 { counts.repeats += 1 }
            attempts += 1
            var found = outcomes
            guard let spoiler = attempt(&jobs, &found, attempts == 1 ? more : { _ in [] }) else {
                outcomes = found
                return
            }
            admit(jobs[outcomes.count...], &outcomes)
            outcomes[spoiler.index] = .failure(spoiler.error)
        }
    }

    /// One transaction for all jobs that have no outcome yet.
    ///
    /// - Returns: a job that has made the others' changes useless; nil: all have outcomes.
    private func attempt(
        _ jobs: inout [Job], _ outcomes: inout [Job.Outcome?], _ more: (Int) -> [Job]
    ) -> (index: Int, error: DatabaseError)? {
        var ran: [Int] = []
        ran.reserveCapacity(jobs.count)
        do throws(DatabaseError) {
            try connection.execute(begin)
            var next = 0
            while next < jobs.count {
                for index in next..<jobs.count where outcomes[index] == nil {
                    ran.append(index)
                    switch run(jobs[index]) {
                    case .done(let results): outcomes[index] = .success(results)
                    case .failed(let error): outcomes[index] = .failure(error)
                    case .spoilt(let error):
                        endTransaction()
                        return (index, error)
                    }
                }
                next = jobs.count
                jobs += more(next)
                admit(jobs[next...], &outcomes)
            }
            try commitChanges()
        } catch {
            // Nobody's fault: the disk is full, the file cannot be written, another program holds the lock.
            endTransaction()
            for index in jobs.indices where outcomes[index] == nil || ran.contains(index) {
                outcomes[index] = .failure(error)
            }
        }
        return nil
    }

    private func runAlone(_ job: Job) -> Job.Outcome {
        do throws(DatabaseError) {
            try connection.execute(begin)
            let results = try run(job).get()
            try commitChanges()
            return .success(results)
        } catch {
            endTransaction()
            return .failure(error)
        }
    }

    private func commitChanges() throws(DatabaseError) {
        let (began, worked) = (readMonotonicClock(), readThreadClock())
        try connection.commit(commit)
        let time = readMonotonicClock() - began
        diskNanoseconds = time - min(readThreadClock() - worked, time)
        counts.commits += 1
    }

    private func endTransaction() {
        // Where it fails, SQLite has ended the transaction itself.
        if !connection.isIdle { try? connection.execute(rollBack) }
    }

    private enum Run {
        case done([StatementResult])
        case failed(DatabaseError)
        /// It has left changes behind, or has undone those of others.
        case spoilt(DatabaseError)

        func get() throws(DatabaseError) -> [StatementResult] {
            switch self {
            case .done(let results): return results
            case .failed(let error), .spoilt(let error): throw error
            }
        }
    }

    /// Runs a job whole or not at all.
    private func run(_ job: Job) -> Run {
        current.job.withLock { $0 = RunningJob(job, since: readMonotonicClock()) }
        defer { current.job.withLock { $0 = nil } }
        if case .commands(let commands) = job.work, onlyLastWrites(commands) {
            // It undoes itself when it fails, unless it says OR FAIL.
            let before = connection.totalChanges
            do throws(DatabaseError) {
                return .done(try run(commands, of: job))
            } catch {
                return connection.isIdle || connection.totalChanges != before ? .spoilt(error) : .failed(error)
            }
        }
        if case .rows(let command, let cursor) = job.work { return keepRows(of: command, for: cursor, job) }
        do throws(DatabaseError) {
            try connection.execute(savepoint)
            let results = try job.perform(resultBytes: settings.resultLimit) {
                [self] (command, room) throws(DatabaseError) in
                current.job.withLock { $0?.statement = command.statement.text }
                return try run(command, of: job, room)
            }
            // A function may not have noticed that a statement has ended the transaction.
            guard !connection.isIdle else { return .spoilt(Self.ended) }
            try connection.execute(release)
            return .done(results)
        } catch {
            let isUndone = !connection.isIdle && isDone(undo) && isDone(release)
            return isUndone ? .failed(error) : .spoilt(error)
        }
    }

    /// What then fails needs no savepoint to be undone. False also if one of the others cannot be prepared.
    private func onlyLastWrites(_ commands: [Command]) -> Bool {
        commands.dropLast().allSatisfy { (try? connection.onlyReads($0.statement)) == true }
    }

    private func run(_ commands: [Command], of job: Job) throws(DatabaseError) -> [StatementResult] {
        var results: [StatementResult] = []
        results.reserveCapacity(commands.count)
        var room = settings.resultLimit
        for (index, command) in commands.enumerated() {
            if index > 0 { current.job.withLock { $0?.statement = command.statement.text } }
            let result = try run(command, of: job, room)
            room -= result.values.byteCount
            results.append(result)
        }
        return results
    }

    /// Reads all batches at once: this thread must not wait for those who ask. Of databases in memory.
    private func keepRows(of command: Command, for cursor: Cursor, _ job: Job) -> Run {
        let limits = job.limits(
            settings.resultLimit, statementNanoseconds: settings.statementNanoseconds, now: readMonotonicClock())
        var batches: [StatementResult] = []
        do throws(DatabaseError) {
            let last = try connection.read(
                command, limits, batchBytes: min(cursor.batchBytes, settings.resultLimit)
            ) { batch in
                batches.append(batch)
                return limits
            }
            batches.append(last)
        } catch {
            return .failed(error)
        }
        cursor.keep(batches[1...])
        return .done([batches[0]])
    }

    private static let ended = DatabaseError(.denied, "a statement has ended the transaction (OR ROLLBACK)")

    private func isDone(_ own: SQLiteConnection.Own) -> Bool { (try? connection.execute(own)) != nil }

    private func run(_ command: Command, of job: Job, _ room: Int) throws(DatabaseError) -> StatementResult {
        guard !connection.isIdle else { throw Self.ended }
        let now = readMonotonicClock()
        return try connection.run(
            command, job.limits(room, statementNanoseconds: settings.statementNanoseconds, now: now))
    }

    /// Whether the log has become so long that it should be written back to the file.
    func wantsCheckpoint(isIdle: Bool) -> Bool {
        let pages = logPages.pointee
        // After a checkpoint that no reader has hindered, the log begins anew.
        if pages < oldPages { oldPages = 0 }
        return pages - oldPages >= (isIdle ? settings.idlePages : settings.busyPages)
    }

    /// Writes the log back to the file if it has become long. Readers do not wait for it.
    func checkpoint(isIdle: Bool) {
        guard wantsCheckpoint(isIdle: isIdle) else { return }
        oldPages = logPages.pointee
        sqlite3_wal_checkpoint_v2(connection.handle, nil, SQLITE_CHECKPOINT_PASSIVE, nil, nil)
        counts.checkpoints += 1
    }
}
