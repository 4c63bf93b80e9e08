import SQL

/// Jobs that wait for a connection, the oldest first.
struct WaitingQueue {
    /// nil: taken, so that a job that has been answered does not keep its memory.
    private var entries: [SessionPool.Waiting?] = []
    /// Where the oldest one is in `entries`.
    private var start = 0

    var count: Int { entries.count - start }
    /// How many of them are for cursors.
    private(set) var cursors = 0

    mutating func append(_ waiting: SessionPool.Waiting) {
        if waiting.job.cursor != nil { cursors += 1 }
        entries.append(waiting)
    }

    mutating func prepend(_ waiting: SessionPool.Waiting) {
        if waiting.job.cursor != nil { cursors += 1 }
        entries.insert(waiting, at: start)
    }

    /// - Parameter forCursors: false: those wait on.
    mutating func takeFirst(forCursors: Bool) -> SessionPool.Waiting? {
        guard start < entries.count else { return nil }
        if !forCursors, entries[start]?.job.cursor != nil {
            return entries[start...].firstIndex { $0?.job.cursor == nil }.flatMap { entries.remove(at: $0) }
        }
        let first = entries[start]
        if first?.job.cursor != nil { cursors -= 1 }
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
        for one in waiting where one.job.deadline > now { append(one) }
        return waiting.filter { $0.job.deadline <= now }
    }

    mutating func takeAll() -> [SessionPool.Waiting] {
        defer { (entries, start, cursors) = ([], 0, 0) }
        return entries[start...].compactMap { $0 }
    }
}
