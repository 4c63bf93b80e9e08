/// The waiting work of one listener, first in, first out. Guarded by the queue's monitor.
final class WorkLine {
    struct Entry {
        let item: WorkItem
        /// CLOCK_MONOTONIC
        let since: UInt64
    }

    let share: WorkShare
    /// Items that workers are running.
    var running = 0
    private var entries: ContiguousArray<Entry?> = []
    private var head = 0

    init(_ share: WorkShare) { self.share = share }

    var count: Int { entries.count - head }

    /// When the first item was queued.
    var oldest: UInt64? { head < entries.count ? entries[head]?.since : nil }

    func append(_ item: WorkItem, at now: UInt64) { entries.append(Entry(item: item, since: now)) }

    func takeFirst() -> Entry? {
        guard head < entries.count, let entry = entries[head] else { return nil }
        entries[head] = nil
        head += 1
        if head == entries.count || head > 1_024 {
            entries.removeFirst(head)
            head = 0
        }
        return entry
    }
}
