import Engine

/// What an operator should read in the log without having asked: looked at every few seconds, said only when it is new.
extension Server {
    private static let watchMilliseconds: UInt64 = 5_000

    /// What the watch has seen so far.
    struct Seen: Sendable {
        var pausesAtLimit: UInt64 = 0
        var pausesForResources: UInt64 = 0
        var faults: [String: UInt64] = [:]
        /// Listeners at their fault_limit.
        var refusing: Set<String> = []
    }

    func watch(_ seen: Seen = Seen()) {
        control.run(after: Self.watchMilliseconds) { [self] in
            guard !isStopping else { return }
            watch(report(seen))
        }
    }

    /// On the control thread.
    private func report(_ seen: Seen) -> Seen {
        var now = Seen()
        for loop in engine.loops {
            now.pausesAtLimit += loop.core.pointee.pausesAtLimit.value
            now.pausesForResources += loop.core.pointee.pausesForResources.value
        }
        if now.pausesForResources > seen.pausesForResources {
            logger.error(
                "accepting paused: no file descriptor or memory for one more connection (ulimit -n, max_buffer_memory)",
                metadata: ["times": "\(now.pausesForResources - seen.pausesForResources)"])
        }
        if now.pausesAtLimit > seen.pausesAtLimit {
            logger.warning(
                "accepting paused: a limit is reached (max_connections, limits.connections, limits.accept_rate)",
                metadata: ["times": "\(now.pausesAtLimit - seen.pausesAtLimit)"])
        }
        for (name, listener) in listeners {
            let isRefusing = listener.current.instance.isRefusing
            if isRefusing { now.refusing.insert(name) }
            if isRefusing, !seen.refusing.contains(name) {
                logger.error(
                    "the listener refuses new connections: its plugin broke the rules too often (fault_limit); reload with another plugin, or martlet rollback \(name)",
                    metadata: ["listener": "\(name)", "plugin": "\(listener.current.recipe.plugin.name)"])
            }
            let faults = listener.counts.faults
            now.faults[name] = faults
            guard faults > seen.faults[name] ?? 0 else { continue }
            logger.error(
                "the plugin broke the rules of martlet.h; its connections were aborted",
                metadata: [
                    "listener": "\(name)", "plugin": "\(listener.current.recipe.plugin.name)",
                    "faults": "\(faults - (seen.faults[name] ?? 0))",
                ])
        }
        return now
    }
}
