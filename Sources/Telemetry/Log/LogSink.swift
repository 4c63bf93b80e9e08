import Glibc
import Logging
import Synchronization

/// The log of the process. Whoever logs puts a line into a bounded queue and goes on; one thread, in `run`, writes.
///
/// So a target that takes nothing (a full pipe, a stopped terminal, a full disk) costs lines and never time of the caller.
package final class LogSink: @unchecked Sendable {
    package let format: LogFormat

    private struct Report {
        let due: UInt64
        let body: @Sendable () -> Void
    }

    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    /// Something for the writer, or something from it.
    private let changed: UnsafeMutablePointer<pthread_cond_t>

    // Behind the lock.
    private var queue: LogQueue
    private var reports: [Report] = []
    private var isWriting = false
    private var isStopping = false
    private var isReopenAsked = false

    // Of the writer alone.
    private var target: LogTarget
    private var isInsideALine = false
    /// Lines that the target refused since the last one that it took.
    private var refused = 0
    private var refusal: Int32 = 0

    private let droppedLines = Atomic<UInt64>(0)

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

    // MARK: From any thread

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

    // MARK: The writer

    /// Writes until `stop`. For a thread of its own.
    package func run() {
        while let step = next() { step() }
    }

    /// Writes what waits, in the calling thread. For a log that has no thread.
    func writeWaiting() {
        while let item = locked({ queue.take(upTo: LogTarget.pieceSize) }) { write(item) }
    }

    /// What the writer has to do next, when there is something; nil at the end.
    private func next() -> (() -> Void)? {
        locked {
            isWriting = false
            while true {
                if isStopping { return nil }
                let time = now()
                if isReopenAsked {
                    isWriting = true
                    return { self.exchangeTarget() }
                }
                if let index = reports.firstIndex(where: { $0.due <= time }) {
                    isWriting = true
                    return reports.remove(at: index).body
                }
                if let item = queue.take(upTo: LogTarget.pieceSize) {
                    isWriting = true
                    return { self.write(item) }
                }
                // For `flush`.
                pthread_cond_broadcast(changed)
                wait(until: reports.map(\.due).min())
            }
        }
    }

    private func write(_ item: LogQueue.Item) {
        switch item {
        case .lines(let bytes, let count): write(bytes, count)
        case .gap(let count):
            let message = "\(lines(count)) dropped: the log could not be written fast enough"
            write(format.line(.warning, message), 0)
        }
    }

    /// - Parameter count: lines in it that are counted when they are lost.
    private func write(_ bytes: [UInt8], _ count: Int) {
        var bytes = bytes
        if refused > 0 {
            let reason = String(cString: strerror(refusal))
            bytes = format.line(.error, "\(lines(refused)) dropped: the log could not be written: \(reason)") + bytes
        }
        if isInsideALine { bytes.insert(UInt8(ascii: "\n"), at: 0) }
        while true {
            let result = target.write(bytes) { !isInterrupted }
            bytes.removeFirst(result.written)
            if result.written > 0 { isInsideALine = !bytes.isEmpty }
            if bytes.isEmpty {
                refused = 0
                return
            }
            if result.errno == 0, locked({ isReopenAsked }) {
                // The old file takes nothing: what is left goes to the new one.
                exchangeTarget()
                continue
            }
            // Counted are whole and begun lines of the caller, which stand at the end.
            let lost = min(bytes.reduce(0) { $1 == UInt8(ascii: "\n") ? $0 + 1 : $0 }, count)
            refused += lost
            refusal = result.errno == 0 ? EAGAIN : result.errno
            droppedLines.wrappingAdd(UInt64(lost), ordering: .relaxed)
            return
        }
    }

    private var isInterrupted: Bool { locked { isStopping || isReopenAsked } }

    private func exchangeTarget() {
        locked { isReopenAsked = false }
        guard let path = target.path else { return }
        do throws(LogFileProblem) {
            let new = try LogTarget(path: path)
            target.close()
            target = new
            isInsideALine = false
            append(format.line(.notice, "log file reopened", ["file": "\(path)"]))
        } catch {
            append(format.line(.error, "the log goes on in the old file: \(error)"))
        }
    }

    private func lines(_ count: Int) -> String { count == 1 ? "1 log line was" : "\(count) log lines were" }

    // MARK: The lock

    private func locked<Result>(_ body: () -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body()
    }

    /// With the lock held.
    private func wait(until end: UInt64?) {
        guard let end else {
            pthread_cond_wait(changed, mutex)
            return
        }
        var until = timespec(tv_sec: Int(end / 1_000), tv_nsec: Int(end % 1_000) * 1_000_000)
        pthread_cond_timedwait(changed, mutex, &until)
    }

    /// Milliseconds of the monotonic clock.
    private func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000 + UInt64(time.tv_nsec) / 1_000_000
    }
}
