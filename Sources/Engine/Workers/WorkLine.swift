/// The waiting work of one listener. Guarded by the queue's monitor.
final class WorkLine {
    struct Entry {
        let item: WorkItem
        /// CLOCK_MONOTONIC
        let since: UInt64
    }

    let share: WorkShare
    /// Items that workers are running.
    var running = 0
    var entries = Queue<Entry>()

    init(_ share: WorkShare) { self.share = share }
}
