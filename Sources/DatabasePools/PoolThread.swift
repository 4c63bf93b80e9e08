import Glibc
import SQL
import Threads

/// A thread of a pool and its connection.
final class PoolThread: @unchecked Sendable {
    /// Guarded by the pool's lock.
    enum Phase {
        case connecting, open
        case busy(RunningJob)

        var isOpen: Bool { if case .connecting = self { false } else { true } }
        var job: RunningJob? { if case .busy(let job) = self { job } else { nil } }
    }

    /// Times of a connection: CLOCK_MONOTONIC, nanoseconds.
    struct Age {
        /// Its beginning.
        let made: UInt64
        /// When it is replaced.
        let end: UInt64
        var used: UInt64
        /// When it last proved that it works.
        var checked: UInt64
    }

    private let pool: SessionPool
    private let wakeup = Wakeup()

    // Guarded by the pool's lock.
    var phase = Phase.connecting
    /// It is in the pool's list of idle threads.
    var isIdle = false
    private var handle: NamedThread?

    init(_ pool: SessionPool) { self.pool = pool }

    /// With the pool's lock held.
    func start(_ name: String) throws(SystemError) {
        // Otherwise each answer of the database interrupts an event loop or the database itself, maybe while it holds a lock that others want.
        handle = try NamedThread(name: name, interruptsOthers: false) { [self] in work() }
    }

    /// With the pool's lock held.
    func takeHandle() -> NamedThread? {
        defer { handle = nil }
        return handle
    }

    func wake() { wakeup.post() }

    // MARK: The thread

    private func work() {
        var attempt = 0
        while true {
            do throws(DatabaseError) {
                // Before it connects: an eviction replaces a connection that was begun before it.
                let begun = readMonotonicClock()
                let session = try pool.connect()
                attempt = 0
                pool.connected(self)
                guard serve(session, begun) else { return }
            } catch {
                switch pool.failed(self, error, attempt: attempt) {
                case .again(let time): wakeup.wait(until: time)
                case .end: return
                }
                attempt += 1
            }
        }
    }

    /// False: the thread ends. True: it makes another connection.
    private func serve(_ session: any DatabaseSession, _ begun: UInt64) -> Bool {
        let now = readMonotonicClock()
        var age = Age(made: begun, end: lifeEnd(now), used: now, checked: begun)
        var task: SessionPool.Task? = pool.next(self, age)
        while let now = task {
            switch now {
            case .job(let waiting, let settings, let isDoubtful):
                task = run(waiting, on: session, &age, settings, isDoubtful: isDoubtful)
            case .park(let time):
                wakeup.wait(until: time)
                task = pool.next(self, age)
            case .check: task = check(session, &age) ? pool.next(self, age) : nil
            case .replace:
                pool.lost(self, isBroken: false)
                return true
            case .end: return false
            }
        }
        pool.lost(self, isBroken: true)
        return true
    }

    /// Lives differ a little, so that not all connections are made again at once.
    private func lifeEnd(_ now: UInt64) -> UInt64 {
        let life = pool.currentSettings.lifeNanoseconds
        return life == 0 ? .max : now.adding(saturating: life - life / 40 + .random(in: 0...life / 20))
    }

    private func check(_ session: any DatabaseSession, _ age: inout Age) -> Bool {
        guard (try? session.check()) != nil, !session.isBroken else { return false }
        age.checked = readMonotonicClock()
        return true
    }

    /// - Parameter isDoubtful: the session has to prove first that it works.
    /// - Returns: what to do next; nil: the session is of no use any more.
    private func run(
        _ waiting: SessionPool.Waiting, on session: any DatabaseSession, _ age: inout Age, _ settings: PoolSettings,
        isDoubtful: Bool
    ) -> SessionPool.Task? {
        let now = readMonotonicClock()
        guard now < waiting.job.deadline else { return answer(waiting, .failure(SessionPool.late), 0, age) }
        if isDoubtful, !check(session, &age) {
            pool.giveBack(waiting)
            return nil
        }
        var (outcome, retries) = (attempt(waiting.job, on: session, settings), 0)
        while case .failure(let error) = outcome, error.kind == .conflict, !session.isBroken,
            waiting.job.cursor?.canBeginAgain ?? true, retries + 1 < settings.attempts,
            readMonotonicClock() < min(waiting.job.end, now.adding(saturating: settings.acquireNanoseconds))
        {
            // The other transaction goes first. Many that meet again and again must spread.
            usleep(.random(in: 500...5_000) << UInt32(min(retries, 4)))
            retries += 1
            outcome = attempt(waiting.job, on: session, settings)
        }
        age.used = readMonotonicClock()
        if session.isBroken, waiting.job.isQuery, !waiting.isSecond, waiting.job.cursor?.canBeginAgain ?? true {
            var again = waiting
            again.isSecond = true
            pool.giveBack(again)
            return nil
        }
        if case .success = outcome { age.checked = age.used }
        guard session.isBroken || session.needsReset else { return answer(waiting, outcome, retries, age) }
        pool.note(outcome, retries: retries, isBroken: session.isBroken, by: self)
        waiting.job.answer(outcome)
        if !session.isBroken { try? session.reset() }
        return session.isBroken || session.needsReset ? nil : pool.next(self, age)
    }

    /// Takes the next job before it answers this one, so that a job costs the pool's lock once.
    private func answer(
        _ waiting: SessionPool.Waiting, _ outcome: Job.Outcome, _ retries: Int, _ age: Age
    ) -> SessionPool.Task {
        let next = pool.finish(outcome, retries: retries, by: self, age)
        waiting.job.answer(outcome)
        return next
    }

    private func attempt(_ job: Job, on session: any DatabaseSession, _ settings: PoolSettings) -> Job.Outcome {
        func limits(_ bytes: Int) -> RunLimits {
            job.limits(bytes, statementNanoseconds: settings.statementNanoseconds, now: readMonotonicClock())
        }
        var hasBegun = false
        do throws(DatabaseError) {
            if let command = job.onlyCommand {
                return .success([try session.run(command, limits(settings.resultLimit))])
            }
            if case .rows(let command, let cursor) = job.work {
                return .success([try read(command, for: cursor, of: job, on: session, settings)])
            }
            if case .session = job.work {
            } else {
                try session.begin(readsOnly: job.isQuery)
                hasBegun = true
            }
            let results = try job.perform(resultBytes: settings.resultLimit) {
                [self] (command, room) throws(DatabaseError) in
                pool.note(command.statement, by: self)
                return try session.run(command, limits(room))
            }
            if hasBegun { try session.commit() }
            return .success(results)
        } catch {
            // A session that cannot roll back is broken.
            if hasBegun, !session.isBroken { try? session.rollBack() }
            return .failure(error)
        }
    }

    /// Gives a cursor all batches but the last, each when it is asked for. In between, the connection waits with the statement open.
    private func read(
        _ command: Command, for cursor: Cursor, of job: Job, on session: any DatabaseSession, _ settings: PoolSettings
    ) throws(DatabaseError) -> StatementResult {
        let since = readMonotonicClock()
        let limits = job.limits(
            settings.resultLimit, statementNanoseconds: settings.statementNanoseconds, now: since)
        let bytes = min(cursor.batchBytes, settings.resultLimit)
        return try session.read(command, limits, batchBytes: bytes) { [pool] batch in
            cursor.answer(.success([batch]))
            let (patience, lastEnd) = pool.limits(ofCursorSince: since)
            var next = job
            guard let end = cursor.waitForQuestion(patience: patience, until: lastEnd) else { return nil }
            next.end = end
            return next.limits(
                settings.resultLimit, statementNanoseconds: settings.statementNanoseconds, now: readMonotonicClock())
        }
    }
}
