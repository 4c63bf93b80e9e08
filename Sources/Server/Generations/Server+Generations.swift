import Configuration
import Engine
import PluginHost
import Telemetry

/// One generation after another on a listener. On the control thread.
extension Server {
    /// Makes the next generation of a listener, or its first. Nothing leads to it yet.
    func create(
        _ recipe: PreparedListener, _ image: LoadedImage, on listener: RunningListener?
    ) throws(InstanceRefusal) -> ReloadTransaction.Created {
        let admission =
            listener?.admission
            ?? Admission(connections: recipe.configuration.limits.connections, listeners: engine.listeners)
        let registry = listener?.registry ?? MetricRegistry()
        let settings = InstanceSettings(
            limits: ConnectionBounds(recipe.configuration.limits),
            rules: AdmissionRules(recipe.configuration.limits, recipe.configuration.access),
            faults: FaultPolicy(of: recipe.configuration.limits), usesWorkers: recipe.usesWorkers,
            callbackWarningNanoseconds: recipe.configuration.limits.callbackWarning.nanoseconds,
            callNanoseconds: process.pluginTimeout.nanoseconds,
            logLinesPerSecond: recipe.configuration.limits.logRate)
        let instance = try PluginInstance(
            image: image, listener: recipe.configuration.name, generation: listener?.nextGeneration() ?? 1,
            settings: settings, admission: admission, registry: registry, engine: engine, logger: logger,
            log: log.sink)
        do throws(InstanceRefusal) {
            try instance.create(options: recipe.options)
            try instance.startOnLoops()
        } catch {
            discard(instance)
            throw error
        }
        return ReloadTransaction.Created(
            generation: Generation(instance: instance, recipe: recipe), admission: admission, registry: registry)
    }

    /// What all generations of a listener share and a change of generations may change.
    func applyLimits(of listener: RunningListener) {
        let limits = (listener.candidate?.generation ?? listener.current).recipe.configuration.limits
        listener.admission.quota.setLimit(limits.connections)
        listener.admission.workShare.set(percent: limits.workersShare)
        // A larger share may let threads begin what waits: those that sleep do not see it by themselves.
        engine.workers.lookAgain()
    }

    /// Moves the open sessions of earlier generations to the current one, as the listener's policy says.
    func succeed(_ listener: RunningListener) -> SessionMoves {
        let policy = listener.configuration.reload
        var moves = SessionMoves()
        for instance in listener.retired {
            switch policy.onReload {
            case .migrate: moves = moves + instance.migrate(to: listener.current.instance)
            case .pin, .drain:
                instance.pinSessions()
                moves.pinned += Int(clamping: instance.counts.open)
                if policy.onReload == .drain, !instance.isDraining { drain(instance, of: listener) }
            }
        }
        drainOldest(of: listener)
        return moves
    }

    /// Lets an instance end with its last connection.
    func retire(_ instance: PluginInstance, of listener: RunningListener) {
        listener.retired.append(instance)
        let name = listener.name
        instance.retire { [self] in control.run { self.finishRetired(name, instance) } }
    }

    /// Destroys a generation once its last connection is gone and nothing is expected by it.
    func finishRetired(_ name: String, _ instance: PluginInstance) {
        guard let listener = listeners[name], listener.retired.contains(where: { $0 === instance }) else { return }
        let ending = instance.end()
        guard ending != .later else {
            return control.run(after: 50) { [self] in finishRetired(name, instance) }
        }
        noteEnding(ending, of: instance)
        var counts = instance.counts
        counts.open = 0
        listener.past = listener.past + counts
        listener.retired.removeAll { $0 === instance }
        logger.info("generation ended", metadata: ["listener": "\(name)", "generation": "\(instance.generation)"])
        if listener.isStopping, listener.retired.isEmpty { listeners[name] = nil }
    }

    /// Undoes the making of an instance. Peers that came in by a commit that was taken back go on with `old`, if they can.
    func discard(_ instance: PluginInstance, for old: PluginInstance? = nil) {
        if instance.counts.open > 0 {
            if let old {
                _ = instance.migrate(to: old)
                // Nobody sees to it that `old` outlives a session that would move only later, such as one that a worker has.
                instance.pinSessions()
            }
            _ = instance.cut()
        }
        end(instance)
    }

    /// Ends an instance that no listener names, once nothing of it is left.
    private func end(_ instance: PluginInstance) {
        // Peers that a loop which did not turn has let in meanwhile.
        if instance.counts.open > 0 { _ = instance.cut() }
        let ending = instance.end()
        guard ending != .later else { return control.run(after: 50) { [self] in end(instance) } }
        noteEnding(ending, of: instance)
    }

    private func noteEnding(_ ending: PluginInstance.Ending, of instance: PluginInstance) {
        guard ending == .abandoned else { return }
        logger.error(
            "destroy has not returned (plugin_timeout): the instance stays in memory for the life of the process",
            metadata: ["listener": "\(instance.listener)", "generation": "\(instance.generation)"])
    }

    /// A cap on generations: those that are too many, oldest first, are told to finish.
    private func drainOldest(of listener: RunningListener) {
        // Those without connections end by themselves.
        let living = listener.retired.filter { $0.counts.open > 0 }
        let excess = living.count + 1 - listener.configuration.reload.maximumGenerations
        for instance in living.prefix(max(excess, 0)) where !instance.isDraining {
            logger.info(
                "too many generations: the oldest is told to finish",
                metadata: ["listener": "\(listener.name)", "generation": "\(instance.generation)"])
            drain(instance, of: listener)
        }
    }

    /// Asks the sessions of a retired generation to finish, and cuts them when the time is over.
    private func drain(_ instance: PluginInstance, of listener: RunningListener) {
        let name = listener.name
        instance.drain()
        // Until then it may have ended long ago: nothing of it is to stay for this.
        control.run(after: listener.configuration.reload.drainTimeout.milliseconds) { [self, weak instance] in
            guard let instance, listeners[name]?.retired.contains(where: { $0 === instance }) == true else { return }
            let cut = instance.cut()
            guard cut > 0 else { return }
            logger.warning(
                "drain timeout: connections of an old generation were cut",
                metadata: [
                    "listener": "\(name)", "generation": "\(instance.generation)", "connections": "\(cut)",
                ])
        }
    }

    /// Hashes of the images that run or that a rollback may want: their private copies are kept.
    var imagesInUse: Set<String> {
        Set(
            listeners.values.flatMap { listener in
                listener.instances.map(\.image.hash) + (listener.previous.map { [$0.image.hash] } ?? [])
            })
    }
}

extension RunningListener {
    /// The folder says the same as before, perhaps with other comments, addresses or policies.
    func adopt(_ recipe: PreparedListener) {
        heldBack = nil
        if candidate == nil {
            current.recipe = recipe
        } else {
            candidate?.generation.recipe = recipe
        }
    }
}
