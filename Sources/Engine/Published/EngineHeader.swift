import Telemetry

/// The counters that an engine publishes about itself as a whole.
package struct EngineHeader: ~Copyable {
    // The workers. Written under the lock of their queue.
    package let threads = Counter()
    package let minimum = Counter()
    package let maximum = Counter()
    /// 1: no item starts.
    package let isPaused = Counter()
    package let queueLimit = Counter()
    package let queued = Counter()
    package let running = Counter()
    package let submitted = Counter()
    package let completed = Counter()
    package let rejected = Counter()

    /// Calls of plugins that belong to no loop and no worker, and have not returned.
    package let calls = Counter()
    /// Log lines of this process that were lost.
    package let logLinesDropped = Counter()

    /// One more than the highest record that a thread has had.
    let usedThreads = Counter()

    // Images that are mapped but no longer used, and their cost in bytes.
    package let retiredImages = Counter()
    package let retiredFileBytes = Counter()
    package let retiredResidentBytes = Counter()
    package let retiredOwnBytes = Counter()

    /// How long items waited for a worker.
    package let delays = DelayHistogram()

    /// Called with the lock of the queue held.
    func publish(_ counts: borrowing WorkerPool.Counts) {
        threads.set(UInt64(counts.threads))
        minimum.set(UInt64(counts.settings.minimum))
        maximum.set(UInt64(counts.settings.maximum))
        isPaused.set(counts.settings.isPaused ? 1 : 0)
        queueLimit.set(UInt64(counts.settings.queueLimit))
        queued.set(UInt64(counts.queued))
        running.set(UInt64(counts.running))
        submitted.set(counts.submitted)
        completed.set(counts.completed)
        rejected.set(counts.rejected)
    }
}
