/// When the plugins of listeners have ended their hosts.
struct CrashHistory: Sendable {
    /// By listener. CLOCK_MONOTONIC, nanoseconds.
    private var times: [String: [UInt64]] = [:]

    /// Counts a crash of a listener's plugin.
    ///
    /// - Parameters:
    ///   - limit: 0: no limit.
    ///   - window: nanoseconds.
    /// - Returns: as many as the limit were in the window. They are forgotten then.
    mutating func note(_ listener: String, at now: UInt64, limit: Int, window: UInt64) -> Bool {
        let recent = times[listener, default: []].filter { now - $0 < window } + [now]
        times[listener] = limit > 0 ? Array(recent.suffix(limit)) : []
        guard limit > 0, recent.count >= limit else { return false }
        times[listener] = nil
        return true
    }
}

/// How soon a host is started again.
struct RestartDelay: Sendable {
    /// Times in a row that it ended soon after its start.
    private var quick = 0

    /// A host that ends earlier has ended soon after its start. Nanoseconds.
    private static let soon: UInt64 = 1_000_000_000
    private static let longest: UInt64 = 1_000

    /// Milliseconds: none, unless it has ended soon several times in a row.
    mutating func next(afterLiving nanoseconds: UInt64) -> UInt64 {
        quick = nanoseconds < Self.soon ? quick + 1 : 0
        return quick < 2 ? 0 : min(25 << UInt64(min(quick - 2, 20)), Self.longest)
    }
}
