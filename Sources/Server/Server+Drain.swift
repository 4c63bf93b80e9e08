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
        let cut = cutConnections()
        waitForWork()
        shutDown()
        logger.notice("stopped", metadata: ["cut": "\(cut)"])
        return cut == 0 ? 0 : 1
    }

    /// Ends what is left and says whose it was. Returns how many sessions did not end by themselves.
    private func cutConnections() -> Int {
        control.ask { [self] in
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
    }

    /// Until they are gone, the time is over, or a second signal comes.
    private func waitForConnections(_ milliseconds: UInt64, _ signals: SignalDescriptor) {
        let began = Clock.now()
        while engine.quota.count > 0 {
            if Clock.milliseconds(since: began) >= Double(milliseconds) { return }
            switch signals.next(withinMilliseconds: 10) {
            case .stop?:
                logger.warning("second signal: stopping at once")
                return
            case let request?: handle(request)
            case nil: break
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
                log.flush()
                _exit(1)
            }
            poll(nil, 0, 10)
        }
    }
}
