/// Runs tasks one after the other on a thread that exists only while there are tasks.
package final class TaskThread: Sendable {
    private struct State {
        var tasks: [@Sendable () -> Void] = []
        var isRunning = false
    }

    private let name: String
    private let monitor = Monitor()
    // Behind the monitor.
    nonisolated(unsafe) private var state = State()

    package init(name: String) { self.name = name }

    /// Runs a task after those that are waiting. When no thread can be started, the caller runs it.
    package func run(_ body: @escaping @Sendable () -> Void) {
        let starts = monitor.locked {
            state.tasks.append(body)
            defer { state.isRunning = true }
            return !state.isRunning
        }
        guard starts else { return }
        do throws(SystemError) {
            try NamedThread(name: name) { [self] in runAll() }.detach()
        } catch {
            runAll()
        }
    }

    /// Waits until no task is left.
    ///
    /// - Returns: false: a task is still running at the deadline.
    package func finish(by deadline: Deadline) -> Bool {
        monitor.locked {
            while state.isRunning {
                guard monitor.wait(until: deadline.nanoseconds) else { return !state.isRunning }
            }
            return true
        }
    }

    private func runAll() {
        while let task = next() { task() }
    }

    private func next() -> (@Sendable () -> Void)? {
        monitor.locked {
            guard state.tasks.isEmpty else { return state.tasks.removeFirst() }
            state.isRunning = false
            monitor.broadcast()
            return nil
        }
    }
}
