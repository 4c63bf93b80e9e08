import SQL

/// Jobs that wait for a connection, the oldest first.
struct WaitingQueue {
    /// nil: taken, so that a job that has been answered does not keep its memory.
    private var entries: [SessionPool.Waiting?] = []
    /// Where the oldest one is in `entries`.
    private var start = 0

    var count: Int { entries.count - start }

    mutating func append(_ waiting: SessionPool.Waiting) { entries.append(waiting) }

    mutating func prepend(_ waiting: SessionPool.Waiting) { entries.insert(waiting, at: start) }

    mutating func takeFirst() -> SessionPool.Waiting? {
        guard start < entries.count else { return nil }
        let first = entries[start]
        entries[start] = nil
        start += 1
        if start == entries.count {
            entries.removeAll(keepingCapacity: start <= 1_024)
            start = 0
        } else if start >= 1_024 {
            entries.removeFirst(start)
            start = 0
        }
        return first
    }

    /// `.max`: nobody waits.
    var nextDeadline: UInt64 { entries[start...].reduce(.max) { min($0, $1?.job.deadline ?? .max) } }

    /// Those whose deadline has passed.
    mutating func takeLate(_ now: UInt64) -> [SessionPool.Waiting] {
        let waiting = takeAll()
        entries = waiting.filter { $0.job.deadline > now }
        return waiting.filter { $0.job.deadline <= now }
    }

    mutating func takeAll() -> [SessionPool.Waiting] {
        defer { (entries, start) = ([], 0) }
        return entries[start...].compactMap { $0 }
    }
}
