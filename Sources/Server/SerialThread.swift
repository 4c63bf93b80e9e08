import Engine
import Threads

/// A thread that runs tasks one after the other, some of them later: whoever owns state by being on it needs no lock.
final class SerialThread: @unchecked Sendable {
    private struct Task {
        /// CLOCK_MONOTONIC in nanoseconds.
        let due: UInt64
        let body: @Sendable () -> Void
    }

    private let monitor = Monitor()
    private var tasks: [Task] = []
    private var stopping = false
    private var thread: NamedThread?
    private let ended = Reply<Bool>()
    /// Run after each task, on the thread.
    private let afterEach: @Sendable () -> Void

    init(name: String, afterEach: @escaping @Sendable () -> Void = {}) throws(SystemError) {
        self.afterEach = afterEach
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
        monitor.locked {
            let due = readMonotonicClock() + milliseconds * 1_000_000
            let place = tasks.firstIndex { $0.due > due } ?? tasks.count
            tasks.insert(Task(due: due, body: body), at: place)
            monitor.signal()
        }
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
        monitor.locked {
            stopping = true
            monitor.signal()
        }
        guard ended.wait(until: deadline) != nil else { return false }
        thread?.join()
        return true
    }

    private func next() -> (@Sendable () -> Void)? {
        monitor.locked {
            while true {
                if let first = tasks.first, first.due <= readMonotonicClock() { return tasks.removeFirst().body }
                if stopping { return nil }
                if let first = tasks.first { monitor.wait(until: first.due) } else { monitor.wait() }
            }
        }
    }
}
