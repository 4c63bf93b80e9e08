import Glibc
import Logging
import Synchronization

/// The log of the process. Whoever logs puts a line into a bounded queue and goes on; one thread, in `run`, writes.
///
/// So a target that takes nothing (a full pipe, a stopped terminal, a full disk) costs lines and never time of the caller.
package final class LogSink: @unchecked Sendable {
    package let format: LogFormat

    struct Report {
        let due: UInt64
        let body: @Sendable () -> Void
    }

    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    /// Something for the writer, or something from it.
    let changed: UnsafeMutablePointer<pthread_cond_t>

    // Behind the lock.
    var queue: LogQueue
    var reports: [Report] = []
    var isWriting = false
    var isStopping = false
    var isReopenAsked = false

    // Of the writer alone.
    var target: LogTarget
    var isInsideALine = false
    /// Lines that the target refused since the last one that it took.
    var refused = 0
    var refusal: Int32 = 0

    let droppedLines = Atomic<UInt64>(0)

    /// Lines that were not written since the start.
    package var dropped: UInt64 { droppedLines.load(ordering: .relaxed) }

    package convenience init(format: LogFormat, descriptor: Int32 = STDERR_FILENO, queue: LogQueue = LogQueue()) {
        self.init(format, LogTarget(descriptor: descriptor), queue)
    }

    package convenience init(format: LogFormat, path: String, queue: LogQueue = LogQueue()) throws(LogFileProblem) {
        self.init(format, try LogTarget(path: path), queue)
    }

    private init(_ format: LogFormat, _ target: LogTarget, _ queue: LogQueue) {
        self.format = format
        self.target = target
        self.queue = queue
        mutex = .allocate(capacity: 1)
        changed = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(changed, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        target.close()
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(mutex)
        changed.deallocate()
        mutex.deallocate()
    }

    /// Takes a line with its newline, or drops and counts it.
    package func append(_ line: [UInt8]) {
        pthread_mutex_lock(mutex)
        let wasTaken = queue.append(line)
        // A writer that writes looks again by itself.
        if !isWriting { pthread_cond_broadcast(changed) }
        pthread_mutex_unlock(mutex)
        if !wasTaken { droppedLines.wrappingAdd(1, ordering: .relaxed) }
    }

    /// Runs a function in the writer's thread, so much later or when the log is flushed.
    package func report(afterMilliseconds milliseconds: UInt64, _ body: @escaping @Sendable () -> Void) {
        locked {
            reports.append(Report(due: milliseconds + now(), body: body))
            pthread_cond_broadcast(changed)
        }
    }

    /// Opens the file anew before the next line is written. When that fails the old one is kept.
    package func reopen() {
        locked {
            isReopenAsked = true
            pthread_cond_broadcast(changed)
        }
    }

    /// Waits until all that was logged is written, but not longer than this.
    package func flush(withinMilliseconds limit: UInt64 = 1_000) {
        locked {
            let end = now() + limit
            for index in reports.indices { reports[index] = Report(due: 0, body: reports[index].body) }
            pthread_cond_broadcast(changed)
            while isWriting || isReopenAsked || !queue.isEmpty || !reports.isEmpty, now() < end { wait(until: end) }
        }
    }

    /// Ends `run`, at the latest when the target takes nothing for 100 ms.
    package func stop() {
        locked {
            isStopping = true
            pthread_cond_broadcast(changed)
        }
    }

    // MARK: The lock

    func locked<Result>(_ body: () -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body()
    }

    /// With the lock held.
    func wait(until end: UInt64?) {
        guard let end else {
            pthread_cond_wait(changed, mutex)
            return
        }
        var until = timespec(tv_sec: Int(end / 1_000), tv_nsec: Int(end % 1_000) * 1_000_000)
        pthread_cond_timedwait(changed, mutex, &until)
    }

    /// Milliseconds of the monotonic clock.
    func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000 + UInt64(time.tv_nsec) / 1_000_000
    }
}
