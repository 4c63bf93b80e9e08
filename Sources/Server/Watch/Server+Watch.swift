import CLinux

/// Logs what an operator should know without asking. It checks every few seconds and logs only what is new. It also returns the memory
/// that a start, a reload or a question needed.
extension Server {
    private static let watchMilliseconds: UInt64 = 5_000

    /// What the watch has seen so far.
    struct Seen: Sendable {
        var pausesAtLimit: UInt64 = 0
        var pausesForResources: UInt64 = 0
        var lostDeliveries: [String: UInt64] = [:]
        /// Process ids of hosts without keepers.
        var unkept: Set<Int32> = []
    }

    func watch(_ seen: Seen = Seen()) {
        control.run(after: Self.watchMilliseconds, changes: false) { [self] in
            guard !isStopping else { return }
            let seen = report(seen)
            if hosts.contains(where: isWorn) { control.run { [self] in renewWornHosts() } }
            // Nothing here is urgent, and what is used again is in the page cache: a millisecond every five seconds for megabytes.
            linux_release_memory()
            watch(seen)
        }
    }

    /// On the control thread.
    private func report(_ seen: Seen) -> Seen {
        var now = Seen()
        for pauses in hosts.map(\.runtime.pauses) {
            now.pausesAtLimit += pauses.atLimit
            now.pausesForResources += pauses.forResources
        }
        for host in hosts where !host.runtime.lookAtKeepers() {
            guard let process = host.runtime.processID, now.unkept.insert(process).inserted,
                !seen.unkept.contains(process)
            else { continue }
            logger.warning(
                "the host has no keepers: if it ends, so do its connections",
                metadata: ["host": "\(host.name)", "pid": "\(process)"])
        }
        if now.pausesForResources > seen.pausesForResources {
            logger.error(
                "accepting paused: no file descriptor or memory for another connection (ulimit -n, max_buffer_memory)",
                metadata: ["times": "\(now.pausesForResources - seen.pausesForResources)"])
        }
        if now.pausesAtLimit > seen.pausesAtLimit {
            logger.warning(
                "accepting paused: a limit is reached (max_connections, limits.connections, limits.accept_rate)",
                metadata: ["times": "\(now.pausesAtLimit - seen.pausesAtLimit)"])
        }
        for (name, listener) in listeners {
            let lost = listener.counts.lostDeliveries
            now.lostDeliveries[name] = lost
            guard lost > seen.lostDeliveries[name] ?? 0 else { continue }
            logger.warning(
                """
                posts or completions were dropped because their session could not move to their generation: they were told \
                that the connection is gone
                """,
                metadata: ["listener": "\(name)", "deliveries": "\(lost - (seen.lostDeliveries[name] ?? 0))"])
        }
        return now
    }
}
