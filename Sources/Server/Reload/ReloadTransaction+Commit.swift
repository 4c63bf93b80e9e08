import Configuration
import ConfiguredInstances
import HostInterface
import Instances
import Listening
import Logging
import PluginHost
import Threads

/// Commit: each loop switches its new connections between two callbacks. Every step records how to undo it.
extension ReloadTransaction {
    func commit() {
        for (index, step) in steps.enumerated() where goesOn {
            commit(step)
            if index == 0 { failPoint(.commit) }
        }
        // Last, so that no peer connects to an address that is then rolled back.
        for step in steps where goesOn && step.change != .unchanged && step.change != .stop {
            if let listener = server.listeners[step.listener] { listenOnNewAddresses(of: listener) }
        }
        failPoint(.retire)
    }

    private func commit(_ step: ReloadPlan.Step) {
        switch step.change {
        case .unchanged, .stop: break
        case .move: move(step.listener)
        case .start: start(step.listener)
        case .swap: swap(step.listener)
        }
    }

    /// A failed commit belongs to no listener: all commits are rolled back, even in a partial reload.
    func refuseCommit(_ name: String, _ reason: String) {
        refuse(ListenerRefusal("", [Diagnostic(file: name, message: reason)]))
    }

    private func start(_ name: String) {
        guard let entry = created.removeValue(forKey: name) else { return }
        let listener = RunningListener(entry.generation, entry.runtime, in: entry.host)
        let old = server.listeners[name]
        listener.heldBack = entry.generation.recipe.heldBack
        if let old {
            // The old listener is stopping and still has connections. They stay with the name.
            listener.retired = old.retired
            listener.past = old.past
        }
        server.listeners[name] = listener
        undoCommits.append { [server] in
            server.listeners[name] = old
            server.discard(entry.generation.instance)
        }
    }

    /// New generations that get only a share of the connections at first.
    var trialsToBegin: [String: PreparedListener] {
        let swapped = steps.filter { $0.change == .swap }.compactMap { created[$0.listener]?.generation.recipe }
        return Dictionary(
            uniqueKeysWithValues: swapped.filter(\.configuration.rollout.isCanary).map { ($0.configuration.name, $0) })
    }

    private func swap(_ name: String) {
        guard let entry = created[name], let listener = server.listeners[name] else { return }
        let (old, oldCandidate) = (listener.current, listener.candidate)
        before[name] = Earlier(
            current: old, candidate: oldCandidate, previous: listener.previous, heldBack: listener.heldBack)
        do throws(StateRefusal) {
            let new = entry.generation
            standstills[name] = try server.moveState(from: old.instance, to: new.instance, new.recipe.configuration)
        } catch {
            return refuseCommit(
                name, "the state of generation \(old.instance.generation) has not moved: \(error.reason)")
        }
        // The last step of this undo: the sockets lead to the old generation again by then.
        undoCommits.append { [unowned self] in
            if let still = standstills.removeValue(forKey: name) { still.old.endStandstill(with: still.new) }
        }
        if entry.generation.recipe.configuration.rollout.isCanary {
            listener.candidate = Candidate(generation: entry.generation)
        } else {
            listener.candidate = nil
            listener.current = entry.generation
        }
        undoCommits.append { [server] in
            listener.current = old
            listener.candidate = oldCandidate
            server.pointSockets(of: listener)
        }
        renameEndpoints(of: listener)
        if let problem = server.pointSockets(of: listener, .canFail) { refuseCommit(name, problem) }
    }

    // MARK: Settle: nothing here can fail, unless a plugin ends its host, and nothing else can be undone.

    func settle(_ step: ReloadPlan.Step) {
        guard let listener = server.listeners[step.listener] else { return }
        let new = wanted[step.listener]
        defer {
            if step.change != .unchanged, step.change != .stop {
                server.announceCertificates(of: listener.latestRecipe)
            }
        }
        switch step.change {
        case .unchanged:
            guard let new, listener.heldBack?.state != new.state else { return }
            listener.adopt(new)
            // The share of a trial may have changed.
            if listener.candidate != nil { server.pointSockets(of: listener) }
        case .start:
            // A listener that was stopping kept its connections, and their quota with the old limit.
            server.applySettings(of: listener)
            server.publishListeners()
            server.publishAddresses(of: listener)
            if let held = listener.heldBack { server.warnOfStandIn(listener.name, held) }
        case .move:
            if let new { listener.adopt(new) }
            server.applySettings(of: listener)
            settleAddresses(of: listener, new)
        case .swap:
            settleAddresses(of: listener, new)
            settleSwap(listener)
        case .stop: stop(listener)
        }
    }

    private func settleSwap(_ listener: RunningListener) {
        guard created.removeValue(forKey: listener.name) != nil else { return }
        listener.heldBack = nil
        server.applySettings(of: listener)
        let replaced = replaced(of: listener)
        for generation in replaced { server.retire(generation, of: listener) }
        if listener.candidate != nil {
            server.watchCandidate(of: listener)
            // A new trial ends the old one, whose sessions move back to the current generation.
            if !replaced.isEmpty { moves[listener.name] = server.moveSessions(of: listener) }
        } else {
            listener.previous = before[listener.name]?.current.recipe
            moves[listener.name] = server.moveSessions(of: listener)
        }
        if let still = standstills.removeValue(forKey: listener.name) {
            stateMoves[listener.name] = server.finish(still)
        }
        guard !listener.host.runtime.isOver else { return takeBack(listener) }
        // What retired generations do from now on is no part of the reload.
        if moves[listener.name] != nil { server.drainRetired(of: listener) }
    }

    /// A plugin has ended the host before the reload was complete, and with it all connections. What served before serves in the next host,
    /// because it is known to run. `recover` judges who is to blame.
    private func takeBack(_ listener: RunningListener) {
        guard let earlier = before[listener.name] else { return }
        let old = earlier.generations.map(\.instance)
        let new = listener.serving.filter { generation in !old.contains { $0 === generation.instance } }
        listener.retired = listener.retired.filter { generation in !old.contains { $0 === generation.instance } } + new
        var current = earlier.current
        current.recipe.configuration.takePlace(of: listener.configuration)
        (listener.current, listener.candidate) = (current, earlier.candidate)
        (listener.previous, listener.heldBack) = (earlier.previous, earlier.heldBack)
        let message = "the host has ended before the reload was complete: what ran before goes on in another host"
        var refusal = ListenerRefusal(listener.name, [Diagnostic(file: listener.name, message: message)])
        refusal.concernsItsListenerAlone = true
        refuse(refusal)
    }

    /// Generations that the commit replaced but did not retire: those that the listener no longer names.
    private func replaced(of listener: RunningListener) -> [Generation] {
        let named = listener.generations
        return (before[listener.name]?.generations ?? []).filter { old in
            !named.contains { $0.instance === old.instance }
        }
    }

    private func stop(_ listener: RunningListener) {
        listener.isStopping = true
        server.publishListeners()
        for address in listener.addresses.values { server.close(address) }
        listener.addresses = [:]
        let serving = listener.serving
        listener.candidate = nil
        for generation in listener.retired { generation.instance.pinSessions() }
        for generation in serving { server.retire(generation, of: listener) }
    }

    /// Closes the addresses that the file no longer names, and applies the new socket options to the others.
    private func settleAddresses(of listener: RunningListener, _ new: PreparedListener?) {
        server.publishAddresses(of: listener)
        guard let configuration = new?.configuration else { return }
        for (address, open) in listener.addresses {
            if !configuration.addresses.contains(address) {
                server.close(open)
                listener.addresses[address] = nil
                continue
            }
            do throws(SystemError) {
                try open.group.apply(ListeningSocketOptions(configuration.socket))
            } catch {
                server.logger.warning("cannot change the socket options of \(address): \(error)")
            }
        }
    }

    // MARK: Process

    /// New instances open databases before the commit. One that is new stays known if the reload is refused, which changes nothing.
    func announceDatabases() {
        let new = preparation.loaded.process.databases
        guard server.process.databases != new else { return }
        let others = server.process.databases.filter { old in !new.contains { $0.name == old.name } }
        server.process.databases = others + new
        let settings = RuntimeSettings(server.process).withFixed(server.fixedSettings)
        for host in server.hosts { host.runtime.apply(settings, resizingWorkers: false) }
    }

    /// Applies the settings of the process that can change live. Returns the keys that have changed since the start and cannot.
    func applyProcess() -> [String] {
        let (old, new) = (server.startedWith, preparation.loaded.process)
        // Only when the file has changed: `martlet workers` may have resized the pool meanwhile.
        let hasOtherWorkers =
            (server.process.minimumWorkers, server.process.workers) != (new.minimumWorkers, new.workers)
        let settings = RuntimeSettings(new).withFixed(server.fixedSettings)
        for host in server.hosts { host.runtime.apply(settings, resizingWorkers: hasOtherWorkers) }
        server.log.level.value = Logger.Level(new.logLevel)
        server.process = new
        let fixed: [(String, Bool)] = [
            ("loops", old.loops == new.loops),
            ("worker_queue", old.workerQueue == new.workerQueue), ("loop_queue", old.loopQueue == new.loopQueue),
            ("runtime_directory", old.runtimeDirectory == new.runtimeDirectory),
            ("state_directory", old.stateDirectory == new.stateDirectory),
            ("metrics_listen", old.metricsAddress == new.metricsAddress),
            ("control_socket", old.controlSocket == new.controlSocket),
            ("probe_timeout", old.probeTimeout == new.probeTimeout),
            ("probe_memory", old.probeMemory == new.probeMemory),
            ("log_format", old.logFormat == new.logFormat), ("log_file", old.logFile == new.logFile),
            ("cpu_affinity", old.cpuAffinity == new.cpuAffinity), ("user", old.user == new.user),
            ("group", old.group == new.group), ("process_limit", old.processLimit == new.processLimit),
            ("orphan_timeout", old.orphanTimeout == new.orphanTimeout),
        ]
        return fixed.filter { !$0.1 }.map(\.0)
    }
}
