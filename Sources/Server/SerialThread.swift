import Engine
import Glibc

/// A thread that runs tasks one after the other, some of them later: whoever owns state by being on it needs no lock.
final class SerialThread: @unchecked Sendable {
    private struct Task {
        let due: UInt64
        let body: @Sendable () -> Void
    }

    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let changed: UnsafeMutablePointer<pthread_cond_t>
    private var tasks: [Task] = []
    private var stopping = false
    private var thread: NamedThread?
    private let ended = Reply<Bool>()
    /// Run after each task, on the thread.
    private let afterEach: @Sendable () -> Void

    init(name: String, afterEach: @escaping @Sendable () -> Void = {}) throws(SystemError) {
        self.afterEach = afterEach
        mutex = .allocate(capacity: 1)
        changed = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(changed, &attributes)
        pthread_condattr_destroy(&attributes)
        thread = try NamedThread(name: name) { [unowned self] in
            while let task = next() {
                task()
                self.afterEach()
            }
            ended.set(true)
        }
    }

    /// Runs a task after those that are waiting, or so much later.
    func run(after milliseconds: UInt64 = 0, _ body: @escaping @Sendable () -> Void) {
        pthread_mutex_lock(mutex)
        let due = now() + milliseconds
        let place = tasks.firstIndex { $0.due > due } ?? tasks.count
        tasks.insert(Task(due: due, body: body), at: place)
        pthread_cond_signal(changed)
        pthread_mutex_unlock(mutex)
    }

    /// Runs a function and waits for what it returns. Not from this thread.
    ///
    /// - Returns: nil: it was not done by then, and will be later.
    func ask<Answer: Sendable>(by deadline: Deadline, _ body: @escaping @Sendable () -> Answer) -> Answer? {
        let reply = Reply<Answer>()
        send(body, reply)
        return reply.wait(until: deadline)
    }

    private func send<Answer: Sendable>(_ body: @escaping @Sendable () -> Answer, _ reply: Reply<Answer>) {
        run { [afterEach] in
            let answer = body()
            // Whoever has the answer may look at what it has changed.
            afterEach()
            reply.set(answer)
        }
    }

    /// The same without a deadline, for those who have time: what runs on the thread has deadlines of its own.
    func ask<Answer: Sendable>(_ body: @escaping @Sendable () -> Answer) -> Answer {
        let reply = Reply<Answer>()
        send(body, reply)
        return reply.wait()
    }

    /// Runs what is due, then ends the thread. Not from this thread.
    ///
    /// - Returns: false: what it runs has not ended by then. It goes on.
    @discardableResult
    func stop(by deadline: Deadline = Deadline(nanoseconds: .max)) -> Bool {
        pthread_mutex_lock(mutex)
        stopping = true
        pthread_cond_signal(changed)
        pthread_mutex_unlock(mutex)
        guard ended.wait(until: deadline) != nil else { return false }
        thread?.join()
        return true
    }

    private func next() -> (@Sendable () -> Void)? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            let time = now()
            if let first = tasks.first, first.due <= time { return tasks.removeFirst().body }
            if stopping { return nil }
            if let first = tasks.first {
                var until = timespec(
                    tv_sec: Int(first.due / 1_000), tv_nsec: Int(first.due % 1_000) * 1_000_000)
                pthread_cond_timedwait(changed, mutex, &until)
            } else {
                pthread_cond_wait(changed, mutex)
            }
        }
    }

    /// Milliseconds of the monotonic clock.
    private func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000 + UInt64(time.tv_nsec) / 1_000_000
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(mutex)
        changed.deallocate()
        mutex.deallocate()
    }
}
