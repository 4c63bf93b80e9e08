import ConfiguredInstances
import Glibc
import Instances
import PluginHost
import Threads

/// SIGTERM: stops accepting, lets the plugins finish, cuts what is left after shutdown_timeout, and exits without what hangs.
extension Server {
    /// How long cutting, and the last calls of plugins, may take after shutdown_timeout.
    private static let graceMilliseconds: UInt64 = 1_000

    /// Returns the exit status: 0 when nothing was cut and nothing hung.
    func drain(_ signals: SignalDescriptor) -> Int32 {
        // Read from the snapshot, because the control thread may be stuck.
        let end = Deadline.after(milliseconds: snapshot.shutdownTimeout.milliseconds)
        let isClosed = control.ask(by: .after(milliseconds: Self.graceMilliseconds)) { [self] in
            isStopping = true
            for listener in listeners.values {
                for address in listener.addresses.values { close(address) }
                listener.addresses = [:]
            }
            beginDrainingAll()
            return true
        }
        // The control thread waits for something that hangs. The connections need not wait for it too.
        if isClosed == nil { beginDrainingAll() }
        let isHurried = waitForConnections(end, signals)
        // A second signal leaves less time. `shutDown` does not wait for a stuck loop at all.
        let grace = Deadline.after(milliseconds: isHurried ? Self.graceMilliseconds / 4 : Self.graceMilliseconds)
        let cut = endEarlierHosts() + cutConnections(by: grace)
        let isDone = waitForWork(by: grace) && shutDown(by: grace)
        guard isDone else { return abandon(cut) }
        logger.notice("stopped", metadata: ["cut": "\(cut)"])
        return cut == 0 ? 0 : 1
    }

    /// Cuts the sessions that are left and logs their listeners. Returns how many were cut.
    private func cutConnections(by deadline: Deadline) -> Int {
        let open = snapshot.listeners.map { ($0, $0.counts.open) }.filter { $0.1 > 0 }
        guard !open.isEmpty || activity.connections > 0 else { return 0 }
        let count = control.ask(by: deadline) { [self] in
            listeners.values.sorted { $0.name < $1.name }.reduce(0) { sum, listener in
                let count = listener.generations.reduce(0) { $0 + $1.instance.cut() }
                if count > 0 {
                    logger.warning(
                        "cut: connections that did not end within shutdown_timeout",
                        metadata: [
                            "listener": "\(listener.name)", "plugin": "\(listener.current.recipe.plugin.name)",
                            "connections": "\(count)",
                        ])
                }
                return sum + count
            }
        }
        return count ?? open.reduce(0) { $0 + Int(clamping: $1.1) }
    }

    /// Waits until all connections, running calls and a running reload have ended, or until `end`. Returns true when a second
    /// signal comes first.
    private func waitForConnections(_ end: Deadline, _ signals: SignalDescriptor) -> Bool {
        let reload = endOfReloads()
        while isActive || reload.current == nil {
            if end.isOver { return false }
            switch signals.next(withinMilliseconds: 10, accepting: services) {
            case .stop?:
                logger.warning("second signal: stopping at once")
                return true
            case let request?: handle(request)
            case nil: break
            }
        }
        return false
    }

    private var isActive: Bool {
        let activity = activity
        return activity.connections + activity.calls > 0
    }

    /// Lets work that plugins have submitted finish until the deadline, because it still refers to their instances.
    private func waitForWork(by deadline: Deadline) -> Bool {
        for host in hosts { host.runtime.change(.resume) }
        // A connection that a worker has is closed when it comes back.
        while case let left = activity, left.work + left.connections > 0 {
            if deadline.isOver { return false }
            poll(nil, 0, 5)
        }
        return true
    }

    /// Logs what hangs. The process then exits without waiting for it.
    private func abandon(_ cut: Int) -> Int32 {
        for host in hosts {
            for stall in host.runtime.findStalls() { logger.error("stuck at shutdown: \(stall)") }
            host.runtime.abandon()
        }
        for host in earlierHosts { host.abandon() }
        loader.store.removeAll(except: [])
        logger.notice("stopped without waiting for what hangs", metadata: ["cut": "\(cut)"])
        return Self.stuckStatus
    }

    /// The exit status when something hung.
    private static let stuckStatus: Int32 = 1
}
