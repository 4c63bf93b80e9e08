import SQL
import Threads

/// Connections to one database, each with a thread of its own, because the calls of the drivers block.
///
/// Jobs wait in a queue for whichever connection is free first. If one is idle, the one that was used last is woken. If none is, a new one
/// is made meanwhile, unless there are enough. While the database is away, jobs fail at once, and one thread tries to connect.
///
/// Only one thread at a time is being woken: when it takes its job, it wakes the next one if more jobs wait. So no more threads are woken than
/// are needed: until a thread runs, those that have finished a job may have taken all that waited.
package final class SessionPool: @unchecked Sendable {
    package typealias Connect = @Sendable () throws(DatabaseError) -> any DatabaseSession

    /// A job in the queue.
    struct Waiting {
        var job: Job
        let since: UInt64
        /// Its connection broke. It only reads, so it may be run again, once.
        var isSecond = false
    }

    let connect: Connect
    private let name: String
    private let lock = Monitor()
    private let timer: SerialThread

    // Guarded by the lock.
    private var settings: PoolSettings
    private var queue = WaitingQueue()
    private var threads: [PoolThread] = []
    /// The one that was used last is at the end.
    private var idle: [PoolThread] = []
    /// It has been taken from the idle ones, to look at the queue. While jobs wait and there are idle threads, there is one, unless the
    /// pool is paused.
    private var woken: PoolThread?
    private var ended: [NamedThread] = []
    /// The only one that tries to connect while the database is away.
    private var prober: PoolThread?
    /// Why it is away.
    private var absence: DatabaseError?
    /// No further connection is tried before this time.
    private var growsAt: UInt64 = 0
    private var counts = PoolCounts()
    /// When late jobs are looked for next; `.max`: not yet.
    private var watchAt = UInt64.max
    private var isStopping = false
    private var isPaused = false
    /// Connections made before are replaced.
    private var epoch: UInt64 = 0
    /// A connection has broken then. What breaks one often breaks all, so those that have not worked since are checked before use.
    private var brokeAt: UInt64 = 0

    /// - Parameter connect: makes a connection. Called on the threads of the pool.
    package init(name: String, _ settings: PoolSettings, connect: @escaping Connect) throws(SystemError) {
        (self.name, self.settings, self.connect) = (name, settings, connect)
        timer = try SerialThread(name: name)
    }

    /// Makes the first connections, without waiting for them.
    package func start() {
        lock.locked { grow(to: settings.minimum) }
    }

    /// Closes all connections when the jobs that wait are finished.
    package func stop() {
        lock.locked {
            isStopping = true
            for thread in threads {
                thread.wake()
                thread.phase.job?.cursor?.interrupt(Self.stopping)
            }
            while !threads.isEmpty { lock.wait() }
        }
        for thread in lock.locked({ ended }) { thread.join() }
        timer.stop()
        // It could not connect at last.
        refuse(lock.locked { queue.takeAll() }, Self.stopping)
    }

    private func refuse(_ jobs: [Waiting], _ error: DatabaseError) {
        lock.locked { counts.refused += UInt64(jobs.count) }
        for waiting in jobs { waiting.job.answer(.failure(error)) }
    }

    // MARK: Jobs

    /// nil: the job was taken. Otherwise it is not answered.
    package func submit(_ job: Job) -> DatabaseError? {
        let now = readMonotonicClock()
        var next: PoolThread?
        let error = lock.locked { () -> DatabaseError? in
            counts.jobs += 1
            if let refusal {
                counts.refused += 1
                return refusal
            }
            var job = job
            job.deadline = min(job.deadline, now.adding(saturating: settings.acquireNanoseconds))
            queue.append(Waiting(job: job, since: now))
            watch(until: job.deadline, from: now)
            next = takeIdle()
            growForWaiting(now)
            return nil
        }
        // Now, because it needs the lock.
        next?.wake()
        return error
    }

    /// Somebody to wake for the jobs that wait. With the lock held.
    private func takeIdle() -> PoolThread? {
        guard woken == nil, !isPaused, beginnable > 0, let thread = idle.popLast() else { return nil }
        thread.isIdle = false
        woken = thread
        return thread
    }

    private static let stopping = DatabaseError(.stopping, "the pool is being closed")
    private static let evicted = DatabaseError(.away, "its connection is being replaced (evict)")
    static let late = DatabaseError(.busy, "no connection was free in time (acquire_timeout)")

    /// Looks after those who wait when one of them has waited long enough. With the lock held.
    private func watch(until deadline: UInt64, from now: UInt64) {
        guard deadline < watchAt else { return }
        watchAt = deadline
        timer.run(after: (deadline - min(deadline, now)) / 1_000_000 + 1) { [weak self] in self?.expire(deadline) }
    }

    private func expire(_ deadline: UInt64) {
        let now = readMonotonicClock()
        let late = lock.locked { () -> [Waiting] in
            // A job with less time came meanwhile: another call looks after all.
            guard watchAt == deadline else { return [] }
            watchAt = .max
            defer { watch(until: queue.nextDeadline, from: now) }
            return queue.takeLate(now)
        }
        refuse(late, Self.late)
    }

    private var refusal: DatabaseError? {
        if isStopping { return Self.stopping }
        if let absence { return absence }
        return queue.count >= settings.queueLimit ? DatabaseError(.busy, "\(queue.count) jobs wait already") : nil
    }

    /// One more connection if those that are there do not suffice.
    private func growForWaiting(_ now: UInt64) {
        guard threads.count < settings.maximum, !isPaused, now >= growsAt, beginnable > soonFree else { return }
        grow(to: min(threads.count + 1, settings.maximum))
    }

    private var cursorCount: Int { threads.count { $0.phase.job?.cursor != nil } }
    private var mayBeginCursor: Bool { cursorCount < settings.cursorLimit }
    /// Jobs that only wait for a connection, and not for the end of a cursor.
    private var beginnable: Int { queue.cursors == 0 || mayBeginCursor ? queue.count : queue.count - queue.cursors }

    /// Connections that are being made, that have answered and are about to take the next job, or that are idle and will be woken.
    private var soonFree: Int { threads.count { $0.phase.job == nil } }

    private func grow(to count: Int) {
        while threads.count < count, !isStopping {
            let thread = PoolThread(self)
            // Without a thread, those that are there do its work.
            guard (try? thread.start(name)) != nil else { return }
            threads.append(thread)
        }
    }

    private func remove(_ thread: PoolThread) {
        threads.removeAll { $0 === thread }
        if prober === thread { prober = nil }
        if let handle = thread.takeHandle() { ended.append(handle) }
        lock.broadcast()
    }

    // MARK: For its threads

    enum AfterFailure {
        case again(at: UInt64)
        case end
    }

    /// A thread could not connect.
    func failed(_ thread: PoolThread, _ error: DatabaseError, attempt: Int) -> AfterFailure {
        let now = readMonotonicClock()
        let (refused, next) = lock.locked { () -> ([Waiting], AfterFailure) in
            let pause = backOff(attempt)
            growsAt = now + pause
            let othersAreOpen = threads.contains { $0.phase.isOpen }
            // Others have connections: there may only be too many.
            let isNeedless = othersAreOpen && threads.count > settings.minimum
            if isStopping || isNeedless || prober != nil && prober !== thread {
                remove(thread)
                return ([], .end)
            }
            if othersAreOpen { return ([], .again(at: now + pause)) }
            prober = thread
            absence = error
            return (queue.takeAll(), .again(at: now + pause))
        }
        refuse(refused, error)
        return next
    }

    /// Twice as long each time, and half of it at random.
    private func backOff(_ attempt: Int) -> UInt64 {
        let longest = settings.longestBackOffNanoseconds
        let full = min(
            settings.shortestBackOffNanoseconds.multiplied(saturating: 1 << UInt64(min(attempt, 30))), longest)
        return full / 2 + .random(in: 0...full / 2)
    }

    func connected(_ thread: PoolThread) {
        lock.locked {
            thread.phase = .open
            counts.made += 1
            absence = nil
            growsAt = 0
            if prober === thread { prober = nil }
            grow(to: settings.minimum)
        }
    }

    func lost(_ thread: PoolThread, isBroken: Bool) {
        lock.locked {
            thread.phase = .connecting
            guard isBroken else { return }
            counts.broken += 1
            brokeAt = readMonotonicClock()
        }
    }

    enum Task {
        /// In doubt, the connection has to prove first that it works.
        case job(Waiting, PoolSettings, isDoubtful: Bool)
        /// Nothing to do until then.
        case park(until: UInt64)
        case check
        case replace
        case end
    }

    /// What a thread with a connection is to do.
    func next(_ thread: PoolThread, _ age: PoolThread.Age) -> Task {
        var other: PoolThread?
        defer { other?.wake() }
        return lock.locked {
            defer { other = takeIdle() }
            return task(for: thread, age)
        }
    }

    /// A thread is about to answer.
    ///
    /// - Returns: what it is to do then.
    func finish(
        _ outcome: Job.Outcome, retries: Int, by thread: PoolThread, _ age: PoolThread.Age
    ) -> Task {
        var other: PoolThread?
        defer { other?.wake() }
        return lock.locked {
            count(outcome, retries)
            defer { other = takeIdle() }
            return task(for: thread, age)
        }
    }

    /// With the lock held.
    private func task(for thread: PoolThread, _ age: PoolThread.Age) -> Task {
        if woken === thread { woken = nil }
        if thread.isIdle {
            thread.isIdle = false
            idle.removeAll { $0 === thread }
        }
        thread.phase = .open
        let now = readMonotonicClock()
        if !isPaused || isStopping, let waiting = queue.takeFirst(forCursors: queue.cursors > 0 && mayBeginCursor) {
            defer { growForWaiting(now) }
            let isDoubtful = now - age.checked >= settings.validateNanoseconds || age.checked <= brokeAt
            return .job(begin(waiting, on: thread, now), settings, isDoubtful: isDoubtful)
        }
        let idleEnd = age.used.adding(saturating: settings.idleNanoseconds)
        let isIdle = settings.idleNanoseconds > 0 && threads.count > settings.minimum
        if isStopping || threads.count > settings.maximum || isIdle && now >= idleEnd {
            remove(thread)
            return .end
        }
        if age.made < epoch || now >= age.end { return .replace }
        let checkAt =
            settings.checkNanoseconds > 0 ? age.checked.adding(saturating: settings.checkNanoseconds) : .max
        if now >= checkAt { return .check }
        thread.isIdle = true
        idle.append(thread)
        return .park(until: min(checkAt, age.end, isIdle ? idleEnd : .max))
    }

    private func begin(_ waiting: Waiting, on thread: PoolThread, _ now: UInt64) -> Waiting {
        counts.waitNanoseconds += now - waiting.since
        thread.phase = .busy(RunningJob(waiting.job, since: now))
        // Its first batch is its last.
        if isStopping { waiting.job.cursor?.interrupt(Self.stopping) }
        return waiting
    }

    /// A job was not run, or may be run again, because its connection has broken. Another one takes it.
    func giveBack(_ waiting: Waiting) {
        var next: PoolThread?
        lock.locked {
            let now = readMonotonicClock()
            brokeAt = now
            // It waits from now on, however many connections turn out to be broken.
            var waiting = waiting
            waiting.job.deadline = min(waiting.job.deadline, now.adding(saturating: settings.acquireNanoseconds))
            queue.prepend(waiting)
            watch(until: waiting.job.deadline, from: now)
            next = takeIdle()
        }
        next?.wake()
    }

    /// A thread runs another statement of its job.
    func note(_ statement: Statement, by thread: PoolThread) {
        lock.locked {
            guard case .busy(var job) = thread.phase else { return }
            job.statement = statement.text
            thread.phase = .busy(job)
        }
    }

    /// How long the cursor of a thread may take, and when it ends.
    func limits(ofCursorSince since: UInt64) -> (patience: UInt64, end: UInt64) {
        let settings = currentSettings
        let life = settings.lifeNanoseconds
        return (settings.cursorNanoseconds, life == 0 ? .max : since.adding(saturating: life))
    }

    /// A thread is about to answer, and then has its connection to see to.
    func note(_ outcome: Job.Outcome, retries: Int, isBroken: Bool, by thread: PoolThread) {
        lock.locked {
            thread.phase = .open
            // Before the answer, after which the next job may come.
            if isBroken { brokeAt = readMonotonicClock() }
            count(outcome, retries)
        }
    }

    /// With the lock held.
    private func count(_ outcome: Job.Outcome, _ retries: Int) {
        counts.retries += UInt64(retries)
        guard case .failure(let error) = outcome else { return }
        counts.failures += 1
        if error.kind == .busy { counts.refused += 1 }
    }

    var currentSettings: PoolSettings { lock.locked { settings } }

    // MARK: Control

    package var health: PoolHealth {
        lock.locked {
            if let absence { return .away(absence) }
            return queue.count > 0 && threads.count >= settings.maximum ? .saturated : .healthy
        }
    }

    package var currentCounts: PoolCounts {
        lock.locked {
            var counts = counts
            counts.open = threads.count { $0.phase.isOpen }
            counts.busy = threads.count { $0.phase.job != nil }
            counts.idle = idle.count
            counts.connecting = threads.count - counts.open
            counts.cursors = cursorCount
            counts.waiting = queue.count
            return counts
        }
    }

    /// What its connections do now, the longest first.
    package var running: [RunningJob] {
        lock.locked { threads.compactMap(\.phase.job) }.sorted { $0.since < $1.since }
    }

    /// Takes over what can change live.
    package func apply(_ new: PoolSettings) {
        lock.locked {
            settings = new
            if absence == nil { grow(to: settings.minimum) }
            for thread in idle { thread.wake() }
        }
    }

    package func resize(minimum: Int, maximum: Int) {
        var new = currentSettings
        new.maximum = max(maximum, 1)
        new.minimum = min(max(minimum, 0), new.maximum)
        apply(new)
    }

    /// Jobs wait until `resume`. Those that run are finished.
    package func pause() { lock.locked { isPaused = true } }

    package func resume() {
        lock.locked {
            isPaused = false
            grow(to: min(settings.maximum, threads.count + queue.count))
            for thread in idle { thread.wake() }
        }
    }

    /// Replaces all connections: the idle ones and those of cursors now, the others after their job.
    package func evict() {
        lock.locked {
            epoch = readMonotonicClock()
            for thread in idle { thread.wake() }
            for thread in threads { thread.phase.job?.cursor?.interrupt(Self.evicted) }
        }
    }
}
