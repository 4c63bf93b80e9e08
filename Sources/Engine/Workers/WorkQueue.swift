import CLinux
import CMartlet
import Glibc
import Threads

/// A bounded queue between threads. It is first in, first out for each listener. Listeners take turns, and none gets more than its
/// share of the threads and of the places. The queue also counts the threads that take from it, because both change together.
final class WorkQueue: @unchecked Sendable {
    private let monitor = Monitor()

    // Guarded by the monitor.
    /// The lines of listeners that have work here. They take turns.
    private var lines: ContiguousArray<WorkLine> = []
    /// Index of the line whose turn is next.
    private var turn = 0
    private var closed = false
    private var state: WorkerPool.Counts
    /// By the number of the worker that runs an item of the line.
    private var running: [Int: WorkLine] = [:]
    private let published: PublishedPages

    private var settings: WorkerSettings { state.settings }

    init(_ settings: WorkerSettings, published: PublishedPages) {
        state = WorkerPool.Counts(settings: settings)
        self.published = published
        published.engine.pointee.publish(state)
    }

    /// Runs a function that may change the state.
    private func locked<Result>(_ body: () -> Result) -> Result {
        monitor.locked {
            defer { published.engine.pointee.publish(state) }
            return body()
        }
    }

    /// - Parameters:
    ///   - share: the share of the listener that the work is for.
    ///   - isFinal: the caller does not retry, so a full queue counts as a rejection.
    func put(_ item: WorkItem, for share: WorkShare, isFinal: Bool) -> WorkerPool.Submission {
        locked {
            guard !closed else { return .stopping }
            let line = line(of: share)
            guard state.queued < settings.queueLimit, line.entries.count < share.of(settings.queueLimit) else {
                dropIfEmpty(line)
                if isFinal { state.rejected += 1 }
                return .full
            }
            line.entries.append(WorkLine.Entry(item: item, since: readMonotonicClock()))
            state.queued += 1
            state.submitted += 1
            monitor.signal()
            return .taken
        }
    }

    private func line(of share: WorkShare) -> WorkLine {
        if let known = lines.first(where: { $0.share === share }) { return known }
        let made = WorkLine(share)
        lines.append(made)
        return made
    }

    private func dropIfEmpty(_ line: WorkLine) {
        guard line.entries.count == 0, line.running == 0 else { return }
        lines.removeAll { $0 === line }
    }

    /// An item of this line waits and may start now.
    private func isReady(_ line: WorkLine) -> Bool {
        line.entries.count > 0 && (closed || line.running < line.share.of(settings.maximum))
    }

    private var hasReady: Bool { lines.contains(where: isReady) && (!settings.isPaused || closed) }

    /// The next line, in turn, that is ready.
    private func nextLine() -> WorkLine? {
        for offset in 0..<lines.count {
            let index = (turn + offset) % lines.count
            guard isReady(lines[index]) else { continue }
            turn = index + 1
            return lines[index]
        }
        return nil
    }

    /// Waits for an item. nil: this thread must exit, because the queue is closed and empty or there are more threads than needed.
    func take(worker: Int) -> WorkItem? {
        locked {
            let idleSince = readMonotonicClock()
            while true {
                if state.threads > settings.maximum && !closed { return endThread() }
                if hasReady { break }
                if closed { return endThread() }
                let deadline = idleSince + settings.idleNanoseconds
                guard wait(until: deadline) || state.threads <= settings.minimum || hasReady else {
                    return endThread()
                }
            }
            return takeNext(worker) ?? endThread()
        }
    }

    /// An item that may start now, without waiting; nil: there is none.
    func takeReady(worker: Int) -> WorkItem? { locked { hasReady ? takeNext(worker) : nil } }

    private func takeNext(_ worker: Int) -> WorkItem? {
        guard let line = nextLine(), let entry = line.entries.takeFirst() else { return nil }
        let now = readMonotonicClock()
        // In a simulation, work may come from a thread with the real clock.
        published.engine.pointee.delays.record(now > entry.since ? now - entry.since : 0)
        state.queued -= 1
        state.running += 1
        line.running += 1
        running[worker] = line
        return entry.item
    }

    /// Called with the lock held. True when signalled, false at the deadline. The minimum number of threads, and all threads of a
    /// paused queue, wait without a deadline.
    private func wait(until deadline: UInt64) -> Bool {
        if state.threads <= settings.minimum || settings.isPaused {
            monitor.wait()
            return true
        }
        return monitor.wait(until: deadline)
    }

    private func endThread() -> WorkItem? {
        state.threads -= 1
        // The signal that woke this thread may have been for work that still waits.
        if state.queued > 0 { monitor.signal() }
        return nil
    }

    func finish(worker: Int) {
        locked {
            state.running -= 1
            state.completed += 1
            guard let line = running.removeValue(forKey: worker) else { return }
            line.running -= 1
            dropIfEmpty(line)
        }
    }

    /// Whether to start one more thread. If so, it is already counted.
    ///
    /// True when there are fewer threads than the minimum, or when an item has waited long enough and no thread is free.
    func takePlaceForThread() -> Bool {
        locked {
            guard !closed, state.threads < settings.maximum else { return false }
            let isWanted = state.threads < settings.minimum || (!settings.isPaused && somethingWaitsTooLong)
            if isWanted { state.threads += 1 }
            return isWanted
        }
    }

    private var somethingWaitsTooLong: Bool {
        // The waiting items that may start now, of all lines.
        let ready = lines.reduce(0) { $0 + min($1.entries.count, max($1.share.of(settings.maximum) - $1.running, 0)) }
        guard ready > max(state.threads - state.running, 0) else { return false }
        guard state.threads > 0, settings.growthNanoseconds > 0 else { return true }
        let now = readMonotonicClock()
        return lines.contains { line in
            isReady(line) && line.entries.first.map { now - $0.since >= settings.growthNanoseconds } ?? false
        }
    }

    func givePlaceOfThread() { locked { state.threads -= 1 } }

    func change(_ body: (inout WorkerSettings) -> Void) {
        locked {
            body(&state.settings)
            monitor.broadcast()
        }
    }

    func close() {
        locked {
            closed = true
            monitor.broadcast()
        }
    }

    var counts: WorkerPool.Counts { monitor.locked { state } }
}
