import Engine
import Glibc
import PluginHost

/// SIGTERM: accept no more, let the plugins finish, cut what is left when the time is over.
extension Server {
    /// Returns the exit status: 0 when nothing was cut.
    func drain(_ signals: SignalDescriptor) -> Int32 {
        let timeout = control.ask { [self] in
            isStopping = true
            for listener in listeners.values {
                for address in listener.addresses.values { close(address) }
                listener.addresses = [:]
            }
            return process.shutdownTimeout
        }
        for loop in engine.loops { loop.ask { $0.drain(nil) } }
        waitForConnections(timeout.milliseconds, signals)
        let left = control.ask { [self] in
            listeners.values.map { (name: $0.name, plugin: $0.current.recipe.plugin.name, open: $0.counts.open) }
        }
        let cut = engine.loops.reduce(0) { sum, loop in sum + loop.ask { $0.cut(nil) } }
        for listener in left.sorted(by: { $0.name < $1.name }) where listener.open > 0 && cut > 0 {
            logger.warning(
                "cut: connections that did not end within shutdown_timeout",
                metadata: [
                    "listener": "\(listener.name)", "plugin": "\(listener.plugin)", "connections": "\(listener.open)",
                ])
        }
        waitForWork()
        shutDown()
        logger.notice("stopped", metadata: ["cut": "\(cut)"])
        return cut == 0 ? 0 : 1
    }

    /// Until they are gone, the time is over, or a second signal comes.
    private func waitForConnections(_ milliseconds: UInt64, _ signals: SignalDescriptor) {
        let began = Clock.now()
        while engine.quota.count > 0 {
            if Clock.milliseconds(since: began) >= Double(milliseconds) { return }
            if case .stop? = signals.next(withinMilliseconds: 10) {
                logger.warning("second signal: stopping at once")
                return
            }
        }
    }

    /// Work that plugins have submitted still refers to their instances: what runs is let finish, for a while.
    private func waitForWork() {
        let began = Clock.now()
        engine.workers.resume()
        // Connections that workers have are ended when they come back.
        while engine.workers.counts.running + engine.workers.counts.queued > 0 || engine.quota.count > 0 {
            if Clock.milliseconds(since: began) > 5_000 {
                logger.error("a worker does not return; exiting without it")
                _exit(1)
            }
            poll(nil, 0, 10)
        }
    }
}
