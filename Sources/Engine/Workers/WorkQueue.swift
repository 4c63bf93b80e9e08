import CLinux
import Glibc
import Histogram

/// What waits for a worker.
enum WorkItem: @unchecked Sendable {
    /// A plugin's own function, what is to be done after it, and a name for whoever watches.
    case work(WorkFunction, context: UnsafeMutableRawPointer?, label: UInt32, completion: @Sendable () -> Void)
    /// A callback of a connection.
    case callback(ConnectionJob)

    var label: UInt32 {
        switch self {
        case .work(_, _, let label, _): label
        case .callback(let job): job.label
        }
    }

    var kind: CallbackKind {
        switch self {
        case .work: .work
        case .callback(let job): job.call.kind
        }
    }
}

/// A bounded first-in, first-out queue between threads: a mutex and a condition (pthread_cond_timedwait(3)). Also keeps the
/// account of the threads that take from it, because both change together.
final class WorkQueue: @unchecked Sendable {
    private struct Entry {
        let item: WorkItem
        /// CLOCK_MONOTONIC
        let since: UInt64
    }

    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let filled: UnsafeMutablePointer<pthread_cond_t>
    private let limit: Int

    // Guarded by the mutex.
    private var items: [Entry?]
    private var head = 0
    private var closed = false
    private var state: WorkerPool.Counts
    private var settings: WorkerSettings
    private var running: [Int: WorkerPool.Running] = [:]
    private var delays = Histogram<UInt64>(
        lowestDiscernibleValue: 1_000, highestTrackableValue: 3_600_000_000_000, numberOfSignificantValueDigits: .two)

    init(_ settings: WorkerSettings) {
        self.settings = settings
        limit = settings.queueLimit
        state = WorkerPool.Counts()
        items = Array(repeating: nil, count: limit)
        mutex = .allocate(capacity: 1)
        filled = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(filled, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    /// - Parameter isFinal: who asks does not ask again, so that "no" is a rejection.
    func put(_ item: WorkItem, isFinal: Bool) -> WorkerPool.Submission {
        locked {
            guard !closed else { return .stopping }
            guard state.queued < limit else {
                if isFinal { state.rejected += 1 }
                return .full
            }
            items[(head + state.queued) % limit] = Entry(item: item, since: readMonotonicClock())
            state.queued += 1
            state.submitted += 1
            pthread_cond_signal(filled)
            return .taken
        }
    }

    /// Waits for an item. Nil: this thread is to end, because the queue is closed and empty or there are more threads than are
    /// needed.
    func take(worker: Int) -> WorkItem? {
        locked {
            let idleSince = readMonotonicClock()
            while true {
                if state.threads > settings.maximum && !closed { return endThread() }
                if state.queued > 0 && (!state.isPaused || closed) { break }
                if closed { return endThread() }
                let deadline = idleSince + settings.idleNanoseconds
                guard wait(until: deadline) || state.threads <= settings.minimum || state.queued > 0 else {
                    return endThread()
                }
            }
            guard let entry = items[head] else { return endThread() }
            items[head] = nil
            head = (head + 1) % limit
            let now = readMonotonicClock()
            delays.record(min(now - entry.since, 3_600_000_000_000))
            state.queued -= 1
            state.running += 1
            running[worker] = WorkerPool.Running(
                worker: worker, label: entry.item.label, kind: entry.item.kind, since: now)
            return entry.item
        }
    }

    /// On the mutex: true when signalled, false when the time is over. A minimum of threads waits without end.
    private func wait(until deadline: UInt64) -> Bool {
        if state.threads <= settings.minimum || state.isPaused {
            pthread_cond_wait(filled, mutex)
            return true
        }
        var time = timespec(tv_sec: Int(deadline / 1_000_000_000), tv_nsec: Int(deadline % 1_000_000_000))
        return pthread_cond_timedwait(filled, mutex, &time) != ETIMEDOUT
    }

    private func endThread() -> WorkItem? {
        state.threads -= 1
        return nil
    }

    func finish(worker: Int) {
        locked {
            state.running -= 1
            state.completed += 1
            running[worker] = nil
        }
    }

    /// Whether there is to be one more thread; it is counted then.
    ///
    /// There is when too few are there, or the item at the head has waited too long and nobody is free to take it.
    func takePlaceForThread() -> Bool {
        locked {
            guard !closed, state.threads < settings.maximum else { return false }
            let isWanted = state.threads < settings.minimum || (!state.isPaused && headWaitsTooLong)
            if isWanted { state.threads += 1 }
            return isWanted
        }
    }

    private var headWaitsTooLong: Bool {
        guard state.queued > 0, let entry = items[head] else { return false }
        return state.threads == 0
            || (state.running >= state.threads && readMonotonicClock() - entry.since >= settings.growthNanoseconds)
    }

    func givePlaceOfThread() { locked { state.threads -= 1 } }

    func change(_ body: (inout WorkerSettings, inout Bool) -> Void) {
        locked {
            body(&settings, &state.isPaused)
            pthread_cond_broadcast(filled)
        }
    }

    func close() {
        locked {
            closed = true
            pthread_cond_broadcast(filled)
        }
    }

    var counts: WorkerPool.Counts {
        locked {
            var counts = state
            (counts.minimum, counts.maximum) = (settings.minimum, settings.maximum)
            return counts
        }
    }

    /// Nanoseconds that items waited, at these percentiles.
    func delays(at percentiles: [Double]) -> [UInt64] {
        locked { percentiles.map { delays.totalCount == 0 ? 0 : delays.valueAtPercentile($0) } }
    }

    var runningItems: [WorkerPool.Running] { locked { Array(running.values) } }

    private func locked<Result>(_ body: () -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body()
    }

    deinit {
        pthread_cond_destroy(filled)
        pthread_mutex_destroy(mutex)
        filled.deallocate()
        mutex.deallocate()
    }
}
