import Glibc
import Logging
import Synchronization
import Threads

/// The log of the process. A thread that logs puts a line into a bounded queue and continues; one thread, in `run`, writes.
///
/// So a target that takes nothing (a full pipe, a stopped terminal, a full disk) loses lines and never delays the caller.
package final class LogSink: @unchecked Sendable {
    package let format: LogFormat
    /// Of the log file, if this process has opened one.
    package let path: String?

    struct Report {
        /// CLOCK_MONOTONIC in nanoseconds.
        let due: UInt64
        let body: @Sendable () -> Void
    }

    /// The lock, and the signal to and from the writer.
    let monitor = Monitor()

    // Guarded by the monitor.
    var queue: LogQueue
    var reports: [Report] = []
    var isWriting = false
    var isStopping = false
    var isReopenAsked = false
    /// Takes the place of `target`.
    var nextTarget: LogTarget?

    // Used only by the writer.
    var target: LogTarget
    var isInsideALine = false
    /// Lines that the target refused since the last one that it accepted.
    var refused = 0
    var refusal: Int32 = 0

    private let droppedLines = Atomic<UInt64>(0)
    private let dropHandler = Mutex<@Sendable (_ count: Int) -> Void>({ _ in })

    /// Lines that were dropped since the start.
    package var dropped: UInt64 { droppedLines.load(ordering: .relaxed) }

    /// Calls a function, on any thread, when lines are dropped from now on.
    package func onDrop(_ body: @escaping @Sendable (_ count: Int) -> Void) { dropHandler.withLock { $0 = body } }

    func noteDropped(_ count: Int = 1) {
        droppedLines.wrappingAdd(UInt64(count), ordering: .relaxed)
        dropHandler.withLock { $0 }(count)
    }

    /// - Parameter isOwned: the sink closes the descriptor.
    package convenience init(
        format: LogFormat, descriptor: Int32 = STDERR_FILENO, isOwned: Bool = false, queue: LogQueue = LogQueue()
    ) {
        self.init(format, LogTarget(descriptor: descriptor, isOwned: isOwned), queue)
    }

    package convenience init(format: LogFormat, path: String, queue: LogQueue = LogQueue()) throws(LogFileProblem) {
        self.init(format, try LogTarget(path: path), queue)
    }

    private init(_ format: LogFormat, _ target: LogTarget, _ queue: LogQueue) {
        self.format = format
        self.target = target
        path = target.path
        self.queue = queue
    }

    deinit { target.close() }

    /// Queues a line with its newline, or drops and counts it.
    package func append(_ line: [UInt8]) {
        let wasTaken = monitor.locked {
            let wasTaken = queue.append(line)
            // A writer that is writing checks the queue again anyway.
            if !isWriting { monitor.broadcast() }
            return wasTaken
        }
        if !wasTaken { noteDropped() }
    }

    /// Runs a function in the writer's thread after this time, or earlier if the log is flushed.
    package func report(afterMilliseconds milliseconds: UInt64, _ body: @escaping @Sendable () -> Void) {
        monitor.locked {
            reports.append(Report(due: readMonotonicClock() + milliseconds * 1_000_000, body: body))
            monitor.broadcast()
        }
    }

    /// Reopens the file before the next line is written. If that fails, the old one is kept.
    package func reopen() {
        monitor.locked {
            isReopenAsked = true
            monitor.broadcast()
        }
    }

    /// Writes to another descriptor from the next line on. The sink closes it.
    package func use(descriptor: Int32) {
        monitor.locked {
            nextTarget?.close()
            nextTarget = LogTarget(descriptor: descriptor, isOwned: true)
            isReopenAsked = true
            monitor.broadcast()
        }
    }

    /// Waits until everything that was logged is written, but not longer than this.
    package func flush(withinMilliseconds limit: UInt64 = 1_000) {
        monitor.locked {
            let end = readMonotonicClock() + limit * 1_000_000
            for index in reports.indices { reports[index] = Report(due: 0, body: reports[index].body) }
            monitor.broadcast()
            while isWriting || isReopenAsked || !queue.isEmpty || !reports.isEmpty, readMonotonicClock() < end {
                monitor.wait(until: end)
            }
        }
    }

    /// Stops `run`, at the latest when the target has taken nothing for 100 ms.
    package func stop() {
        monitor.locked {
            isStopping = true
            monitor.broadcast()
        }
    }
}
