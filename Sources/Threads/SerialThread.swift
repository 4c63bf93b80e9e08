/// A thread that runs tasks one after another, some of them after a delay. State that only this thread uses needs no lock.
package final class SerialThread: @unchecked Sendable {
    private struct Task {
        /// CLOCK_MONOTONIC in nanoseconds.
        let due: UInt64
        /// It may have changed the state of the thread.
        let changes: Bool
        let body: @Sendable () -> Void
    }

    private let monitor = Monitor()
    private var tasks: [Task] = []
    private var stopping = false
    private var thread: NamedThread?
    private let ended = Reply<Bool>()
    /// Runs after each task that may have changed something, on the thread.
    private let afterEach: @Sendable () -> Void

    package init(name: String, afterEach: @escaping @Sendable () -> Void = {}) throws(SystemError) {
        self.afterEach = afterEach
        // The thread keeps this object: the last other reference may go away with one of its tasks.
        thread = try NamedThread(name: name) { [self] in
            while let task = next() {
                task.body()
                if task.changes { afterEach() }
            }
            ended.set(true)
        }
    }

    /// Runs a task after those that are waiting, or after a delay.
    ///
    /// - Parameter changes: false: the task changes nothing on the thread, and `afterEach` does not follow.
    package func run(
        after milliseconds: UInt64 = 0, changes: Bool = true, _ body: @escaping @Sendable () -> Void
    ) {
        monitor.locked {
            let due = readMonotonicClock() + milliseconds * 1_000_000
            let place = tasks.firstIndex { $0.due > due } ?? tasks.count
            tasks.insert(Task(due: due, changes: changes, body: body), at: place)
            monitor.signal()
        }
    }

    /// Runs a function on the thread and waits for its result. Must not be called from this thread.
    ///
    /// - Returns: nil when the deadline passes first. The function still runs later.
    package func ask<Answer: Sendable>(by deadline: Deadline, _ body: @escaping @Sendable () -> Answer) -> Answer? {
        let reply = Reply<Answer>()
        send(body, reply)
        return reply.wait(until: deadline)
    }

    private func send<Answer: Sendable>(_ body: @escaping @Sendable () -> Answer, _ reply: Reply<Answer>) {
        run(changes: false) { [afterEach] in
            let answer = body()
            // Publish first: the caller may look at the changes as soon as it has the answer.
            afterEach()
            reply.set(answer)
        }
    }

    /// The same without a deadline, for callers that can wait. The tasks on the thread have their own deadlines.
    package func ask<Answer: Sendable>(_ body: @escaping @Sendable () -> Answer) -> Answer {
        let reply = Reply<Answer>()
        send(body, reply)
        return reply.wait()
    }

    /// Runs the tasks that are due, then stops the thread. Must not be called from this thread.
    ///
    /// - Returns: false when the running task does not finish by the deadline. The task continues.
    @discardableResult
    package func stop(by deadline: Deadline = Deadline(nanoseconds: .max)) -> Bool {
        monitor.locked {
            stopping = true
            monitor.signal()
        }
        guard ended.wait(until: deadline) != nil else { return false }
        thread?.join()
        return true
    }

    private func next() -> Task? {
        monitor.locked {
            while true {
                if let first = tasks.first, first.due <= readMonotonicClock() { return tasks.removeFirst() }
                if stopping { return nil }
                if let first = tasks.first { monitor.wait(until: first.due) } else { monitor.wait() }
            }
        }
    }
}
