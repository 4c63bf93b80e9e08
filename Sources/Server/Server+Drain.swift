import Engine
import Glibc
import PluginHost

/// SIGTERM: accept no more, let the plugins finish, cut what is left when the time is over, and end whatever hangs.
extension Server {
    /// What the cutting and the last calls of plugins may take after shutdown_timeout.
    private static let graceMilliseconds: UInt64 = 1_000

    /// Returns the exit status: 0 when nothing was cut and nothing hung.
    func drain(_ signals: SignalDescriptor) -> Int32 {
        // Not from the control thread, which may be held up.
        let end = Deadline.after(milliseconds: snapshot.shutdownTimeout.milliseconds)
        let isClosed = control.ask(by: .after(milliseconds: Self.graceMilliseconds)) { [self] in
            isStopping = true
            for listener in listeners.values {
                for address in listener.addresses.values { close(address) }
                listener.addresses = [:]
            }
            drainLoops()
            return true
        }
        // The control thread waits for something that hangs: connections need not wait as well.
        if isClosed == nil { drainLoops() }
        let isHurried = waitForConnections(end, signals)
        // A second signal leaves less time, and a loop that hangs none at all.
        let grace = Deadline.after(milliseconds: isHurried ? Self.graceMilliseconds / 4 : Self.graceMilliseconds)
        let cut = cutConnections(by: grace)
        let isDone = waitForWork(by: grace) && shutDown(by: grace)
        guard isDone else { return abandon(cut) }
        logger.notice("stopped", metadata: ["cut": "\(cut)"])
        return cut == 0 ? 0 : 1
    }

    private func drainLoops() {
        for loop in engine.loops { loop.beginScan { core, piece in core.drain(nil, piece: piece) } }
    }

    /// Ends what is left and says whose it was. Returns how many sessions did not end by themselves.
    private func cutConnections(by deadline: Deadline) -> Int {
        let open = snapshot.listeners.map { ($0, $0.counts.open) }.filter { $0.1 > 0 }
        guard !open.isEmpty || engine.quota.count > 0 else { return 0 }
        let count = control.ask(by: deadline) { [self] in
            listeners.values.sorted { $0.name < $1.name }.reduce(0) { sum, listener in
                let count = listener.instances.reduce(0) { $0 + $1.cut() }
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

    /// Until they are gone, and a reload with them, the time is over, or a second signal comes: then true.
    private func waitForConnections(_ end: Deadline, _ signals: SignalDescriptor) -> Bool {
        let reload = endOfReloads()
        while engine.quota.count > 0 || !ControlCall.running.isEmpty || reload.current == nil {
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

    /// Work that plugins have submitted still refers to their instances: what runs is let finish, for a while.
    private func waitForWork(by deadline: Deadline) -> Bool {
        engine.workers.resume()
        // Connections that workers have are ended when they come back.
        while engine.workers.counts.running + engine.workers.counts.queued > 0 || engine.quota.count > 0 {
            if deadline.isOver { return false }
            poll(nil, 0, 5)
        }
        return true
    }

    /// Says what hangs, and ends the process without it.
    private func abandon(_ cut: Int) -> Int32 {
        for loop in engine.loops where !loop.isStuck { _ = loop.ask(by: .after(milliseconds: 20)) { _ in } }
        for stall in Stall.all(in: engine) { logger.error("stuck at the end: \(stall)") }
        loader.store.removeAll(except: [])
        logger.notice("stopped without waiting for what hangs", metadata: ["cut": "\(cut)"])
        return Self.stuckStatus
    }

    /// The exit status when something hung.
    private static let stuckStatus: Int32 = 1
}
