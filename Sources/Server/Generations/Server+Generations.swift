import Configuration
import ConfiguredInstances
import HostInterface
import Instances
import PluginHost
import Telemetry
import Threads

/// Creates, retires and destroys the generations of a listener. On the control thread.
extension Server {
    /// Creates the next generation of a listener, or its first. No socket leads to it yet.
    func create(
        _ recipe: PreparedListener, _ image: any RuntimeImage, on listener: RunningListener?, in host: RunningHost
    ) throws(InstanceRefusal) -> ReloadTransaction.Created {
        // A listener that is stopping may be in another host.
        let known = listener?.host === host ? listener?.runtime : nil
        let shared = known ?? makeListener(recipe, after: nil, in: host.runtime)
        let instance = try makeInstance(recipe, image, on: shared, in: host, listener?.nextGeneration() ?? 1)
        do throws(InstanceRefusal) {
            try instance.start(recipe.options)
        } catch {
            discard(instance)
            throw error
        }
        return ReloadTransaction.Created(
            generation: Generation(instance: instance, recipe: recipe), runtime: shared, host: host)
    }

    /// - Parameter former: the same listener in a runtime that has ended. What its plugins counted goes on.
    func makeListener(
        _ recipe: PreparedListener, after former: (any RuntimeListener)?, in runtime: any Runtime
    ) -> any RuntimeListener {
        let configuration = recipe.configuration
        var metrics = former?.metrics
        if let file = metrics, MetricRegistry(reading: file) == nil {
            logger.error(
                "the metrics of the plugin begin at 0: its host has damaged them",
                metadata: ["listener": "\(configuration.name)"])
            metrics = nil
        }
        do throws(SystemError) {
            if metrics == nil { metrics = try MetricFile() }
        } catch {
            logger.error(
                "the metrics of the plugin are not shown: \(error)", metadata: ["listener": "\(configuration.name)"])
        }
        let made = runtime.makeListener(connections: configuration.limits.connections, metrics: metrics)
        if let security = recipe.security { made.setSecurity(security) }
        return made
    }

    /// Makes an instance that does not run yet.
    func makeInstance(
        _ recipe: PreparedListener, _ image: any RuntimeImage, on shared: any RuntimeListener, in host: RunningHost,
        _ generation: Int
    ) throws(InstanceRefusal) -> any RuntimeInstance {
        let settings = recipe.configuration.instanceSettings(
            for: recipe.plugin, callNanoseconds: process.pluginTimeout.nanoseconds)
        let instance = try shared.makeInstance(
            of: image, for: recipe.configuration.name, generation: generation, settings)
        host.made[instance.place.label] = MadeInstance(instance: instance, recipe: recipe)
        return instance
    }

    /// Applies what all generations of a listener share: its limits and its certificates. A new generation may have others.
    func applySettings(of listener: RunningListener) {
        let recipe = listener.latestRecipe
        let limits = recipe.configuration.limits
        if listener.security != recipe.security {
            listener.runtime.setSecurity(recipe.security)
            listener.security = recipe.security
        }
        listener.runtime.setLimits(connections: limits.connections, workersShare: limits.workersShare)
    }

    /// Moves the open sessions of earlier generations to the current one, or asks them to finish, according to the listener's policy.
    func succeed(_ listener: RunningListener) -> SessionMoves {
        let moves = moveSessions(of: listener)
        drainRetired(of: listener)
        return moves
    }

    /// Moves the open sessions of earlier generations to the current one, unless the listener's policy leaves them where they are.
    func moveSessions(of listener: RunningListener) -> SessionMoves {
        var moves = SessionMoves()
        for instance in listener.retired.map(\.instance) {
            switch listener.configuration.reload.onReload {
            case .migrate: moves = moves + instance.migrate(to: listener.current.instance)
            case .pin, .drain:
                instance.pinSessions()
                moves.pinned += Int(clamping: instance.counts.open)
            }
        }
        return moves
    }

    /// Asks sessions of earlier generations to finish, according to the listener's policy and to `max_generations`.
    func drainRetired(of listener: RunningListener) {
        if listener.configuration.reload.onReload == .drain {
            for generation in listener.retired where !generation.instance.isDraining {
                drain(generation.instance, of: listener)
            }
        }
        drainOldest(of: listener)
    }

    /// Retires a generation. Its instance is destroyed after its last connection closes.
    func retire(_ generation: Generation, of listener: RunningListener) {
        listener.retired.append(generation)
        let (name, instance) = (listener.name, generation.instance)
        instance.retire { [self] in control.run { self.finishRetired(name, instance) } }
    }

    /// Destroys a generation once its last connection is gone and it waits for no more work.
    func finishRetired(_ name: String, _ instance: any RuntimeInstance) {
        guard let listener = listeners[name], listener.retired.contains(where: { $0.instance === instance })
        else { return }
        let ending = instance.end()
        guard ending != .later else {
            return control.run(after: 50) { [self] in finishRetired(name, instance) }
        }
        noteEnding(ending, of: instance)
        var counts = instance.counts
        counts.open = 0
        listener.past = listener.past + counts
        listener.retired.removeAll { $0.instance === instance }
        logger.info("generation ended", metadata: ["listener": "\(name)", "generation": "\(instance.generation)"])
        if listener.isStopping, listener.retired.isEmpty { listeners[name] = nil }
    }

    /// Undoes the creation of an instance. Peers that a rolled-back commit let in move to `old` if they can.
    func discard(_ instance: any RuntimeInstance, for old: (any RuntimeInstance)? = nil) {
        if instance.counts.open > 0 {
            if let old {
                _ = instance.migrate(to: old)
                // Pin sessions that could only move later, such as one in use by a worker: nothing keeps `old` alive until then.
                instance.pinSessions()
            }
            _ = instance.cut()
        }
        end(instance)
    }

    /// Destroys an instance that no listener names, once it is idle.
    private func end(_ instance: any RuntimeInstance) {
        // A loop that was stuck may have let in peers meanwhile.
        if instance.counts.open > 0 { _ = instance.cut() }
        let ending = instance.end()
        guard ending != .later else { return control.run(after: 50) { [self] in end(instance) } }
        noteEnding(ending, of: instance)
    }

    private func noteEnding(_ ending: PluginInstance.Ending, of instance: any RuntimeInstance) {
        // What has ended with its runtime may be the reason for that: `recover` needs it.
        let label = instance.place.label
        for host in hosts where !host.runtime.isOver && host.made[label]?.instance === instance {
            host.made[label] = nil
            if host.made.isEmpty { control.run { [self] in removeUnusedHosts() } }
        }
        guard ending == .abandoned else { return }
        logger.error(
            "destroy has not returned (plugin_timeout): the instance stays in memory for the life of the process",
            metadata: ["listener": "\(instance.listener)", "generation": "\(instance.generation)"])
    }

    /// Enforces `max_generations`: drains the oldest generations beyond it.
    private func drainOldest(of listener: RunningListener) {
        // Generations without connections end on their own.
        let living = listener.retired.map(\.instance).filter { $0.counts.open > 0 }
        let excess = living.count + 1 - listener.configuration.reload.maximumGenerations
        for instance in living.prefix(max(excess, 0)) where !instance.isDraining {
            logger.info(
                "too many generations: draining the oldest",
                metadata: ["listener": "\(listener.name)", "generation": "\(instance.generation)"])
            drain(instance, of: listener)
        }
    }

    /// Asks the sessions of a retired generation to finish, and cuts those that are left after `drain_timeout`.
    private func drain(_ instance: any RuntimeInstance, of listener: RunningListener) {
        let name = listener.name
        instance.drain()
        // The instance may end long before then, so this task must not keep it alive.
        control.run(after: listener.configuration.reload.drainTimeout.milliseconds) { [self, weak instance] in
            guard let instance, listeners[name]?.retired.contains(where: { $0.instance === instance }) == true
            else { return }
            let cut = instance.cut()
            guard cut > 0 else { return }
            logger.warning(
                "drain timeout: connections of an old generation were cut",
                metadata: [
                    "listener": "\(name)", "generation": "\(instance.generation)", "connections": "\(cut)",
                ])
        }
    }

    /// Hashes of the images that run or that a rollback may need. Their private copies are kept.
    var imagesInUse: Set<String> {
        Set(
            listeners.values.flatMap { listener in
                listener.generations.map(\.recipe.image.hash) + (listener.previous.map { [$0.image.hash] } ?? [])
            })
    }
}

extension RunningListener {
    /// Takes over a recipe with the same plugin and options, perhaps with other comments, addresses or policies.
    func adopt(_ recipe: PreparedListener) {
        heldBack = nil
        if candidate == nil {
            current.recipe = recipe
        } else {
            candidate?.generation.recipe = recipe
        }
    }
}
