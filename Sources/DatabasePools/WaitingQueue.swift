import SQL

/// Jobs that wait for a connection, the oldest first.
struct WaitingQueue {
    private var entries: [SessionPool.Waiting] = []
    /// Where the oldest one is in `entries`.
    private var start = 0

    var count: Int { entries.count - start }

    mutating func append(_ waiting: SessionPool.Waiting) { entries.append(waiting) }

    mutating func prepend(_ waiting: SessionPool.Waiting) {
        entries.insert(waiting, at: start)
    }

    /// - Parameter forCursors: false: those wait on.
    mutating func takeFirst(forCursors: Bool) -> SessionPool.Waiting? {
        guard start < entries.count else { return nil }
        if !forCursors, entries[start].job.cursor != nil {
            return entries[start...].firstIndex { $0.job.cursor == nil }.map { entries.remove(at: $0) }
        }
        defer {
            start += 1
            if start == entries.count || start >= 1_024 {
                entries.removeFirst(start)
                start = 0
            }
        }
        return entries[start]
    }

    /// `.max`: nobody waits.
    var nextDeadline: UInt64 { entries[start...].reduce(.max) { min($0, $1.job.deadline) } }

    /// Those whose deadline has passed.
    mutating func takeLate(_ now: UInt64) -> [SessionPool.Waiting] {
        let late = entries[start...].filter { $0.job.deadline <= now }
        if !late.isEmpty { (entries, start) = (entries[start...].filter { $0.job.deadline > now }, 0) }
        return late
    }

    mutating func takeAll() -> [SessionPool.Waiting] {
        defer { (entries, start) = ([], 0) }
        return Array(entries[start...])
    }
}
