import Configuration
import ConfiguredInstances
import Engine
import HostInterface
import Instances
import Logging
import PluginHost
import Threads

/// After the end of a runtime: its connections are lost, its listeners go on in another one. Their listening sockets have stayed open, so no
/// peer is refused meanwhile. On the control thread.
extension Server {
    func recover(_ host: RunningHost, from end: RuntimeEnd, of ended: any Runtime) {
        guard host.runtime === ended else { return }
        let suspects = Set(end.callbacks.map(\.label)).compactMap { host.made[$0] }
        let report = report(of: end, suspects.first)
        logger.error(
            "the host has ended: \(end.cause)", metadata: report.metadata.merging(["host": "\(host.name)"]) { $1 })
        keep(report, of: end)
        // If the runtime has ended before it had taken over what was there, that is still there.
        if host.estate == nil { host.estate = end.estate } else { end.estate?.release([]) }
        guard !isStopping else { return releaseEstate(of: host) }
        host.made = [:]
        loseRetired()
        for suspect in suspects {
            judge(suspect, "\(end.cause) in \(report.callback ?? "a callback")", isAlone: suspects.count == 1)
        }
        // Before anybody ends what is left of it.
        if let successor = host.successor { return recoverRest(of: host, to: successor) }
        removeUnusedHosts()
        let delay = host.restarts.next(afterLiving: readMonotonicClock() - host.started)
        control.run(after: delay) { [self] in restart(host) }
    }

    /// Retired generations end with their runtime, and listeners that are stopping with the last of them.
    private func loseRetired() {
        for listener in listeners.values {
            listener.loseRetired()
            if listener.isStopping, listener.retired.isEmpty { listeners[listener.name] = nil }
        }
    }

    // MARK: Judgement

    /// A plugin on trial fails it. One that was being made for a reload is refused from now on. One that runs falls back when it has crashed
    /// too often.
    ///
    /// - Parameter isAlone: false: it may have been another one. Only a plugin on trial is judged then.
    private func judge(_ suspect: MadeInstance, _ reason: String, isAlone: Bool) {
        let hash = suspect.recipe.image.hash
        guard let listener = listeners[suspect.instance.listener] else { return }
        if let candidate = listener.candidate, candidate.generation.instance === suspect.instance {
            let detail = condemnCandidate(candidate, of: listener, reason)
            listener.loseCandidate()
            let entry = Receipt.Entry(listener: listener.name, outcome: .aborted, detail: detail)
            _ = record(Receipt(cause: .trial, abortReason: reason, result: .refused, entries: [entry]))
        } else if !isAlone {
            return
        } else if listener.current.instance === suspect.instance {
            let limits = listener.configuration.limits
            let isOver = crashes.note(
                listener.name, at: readMonotonicClock(), limit: limits.crashLimit,
                window: limits.crashWindow.nanoseconds)
            if isOver { fallBack(listener, "\(limits.crashLimit) crashes within \(limits.crashWindow): \(reason)") }
        } else if !hasRun(hash, on: listener) {
            putIntoQuarantine(hash, reason, on: listener, crashed: true)
        }
    }

    /// The plugin has crashed too often: what ran before takes its place, or nothing does.
    private func fallBack(_ listener: RunningListener, _ reason: String) {
        let failed = listener.current.recipe
        let hash = failed.image.hash.prefix(12)
        putIntoQuarantine(failed.image.hash, reason, on: listener, crashed: true)
        let entry: Receipt.Entry
        if var recipe = listener.previous, recipe.image.hash != failed.image.hash, process.trusts(recipe.image) {
            recipe.configuration.takePlace(of: listener.configuration)
            listener.current.recipe = recipe
            listener.heldBack = HeldBack(state: failed.state, reason: "crashed too often")
            listener.previous = nil
            let name = "\(recipe.plugin.name) \(recipe.plugin.version) (\(recipe.image.hash.prefix(12)))"
            entry = Receipt.Entry(
                listener: listener.name, outcome: .rolledBack,
                detail: "\(name) runs again instead of \(hash): \(reason)")
        } else {
            for address in listener.addresses.values { close(address) }
            listeners[listener.name] = nil
            entry = Receipt.Entry(
                listener: listener.name, outcome: .stopped,
                detail:
                    "\(hash) is refused from now on, and there is no earlier generation: \(reason); to allow it again: "
                    + "martlet plugins forgive \(hash), then reload")
        }
        _ = record(Receipt(cause: .crash, result: .refused, entries: [entry]))
    }

    // MARK: The next runtime

    private func restart(_ host: RunningHost) {
        guard !isStopping, hosts.contains(where: { $0 === host }) else { return }
        let began = readMonotonicClock()
        do {
            host.replace(by: try makeRuntime(host.name, at: host.place))
        } catch {
            let delay = max(host.restarts.next(afterLiving: 0), 100)
            logger.error(
                "cannot start a host: \(error)",
                metadata: ["host": "\(host.name)", "next_try_milliseconds": "\(delay)"])
            return control.run(after: delay) { [self] in restart(host) }
        }
        observe(host)
        let inherited = inherit(host, in: host.runtime)
        var succession = inherited ?? Succession()
        if host.runtime.isOver { return noteLosses(succession, of: host) }
        // A reload may have retired generations while there was no runtime: nobody tells of their end.
        loseRetired()
        let revived = listeners.values.filter { $0.host === host && !$0.isStopping }.sorted { $0.name < $1.name }
        for listener in revived {
            succession = succession + revive(listener, in: host.runtime, adopts: inherited != nil)
            // It has ended again, and the next one revives them all.
            if host.runtime.isOver { return noteLosses(succession, of: host) }
        }
        if inherited != nil { note(succession + host.runtime.endSuccession(stays: false), of: host) }
        publishListeners()
        saveState()
        removeUnusedHosts()
        logger.notice(
            "a new host runs the listeners",
            metadata: [
                "host": "\(host.name)", "milliseconds": "\(Int(milliseconds(since: began)))",
                "listeners": "\(revived.count)",
            ])
    }

    /// Makes the generations of a listener again, lets them accept from its sockets, and gives them its connections.
    private func revive(_ listener: RunningListener, in runtime: any Runtime, adopts: Bool) -> Succession {
        let candidate = listener.candidate?.generation.instance.generation
        do throws(ListenerRefusal) {
            listener.renewRuntime(makeListener(listener.latestRecipe, after: listener.runtime, in: runtime))
            try remake(listener.current.recipe, on: listener) { listener.replaceCurrent(by: $0) }
            if let candidate = listener.candidate {
                try remake(candidate.generation.recipe, on: listener) { listener.replaceCandidate(by: $0) }
                watchCandidate(of: listener)
            }
            applySettings(of: listener)
            try accept(for: listener)
            guard adopts else { return Succession() }
            // Connections of all other generations go on in the current one, if it understands their sessions.
            let adopted =
                listener.candidate?.generation.instance.adopt(only: candidate, afterCrash: true) ?? Succession()
            return adopted + listener.current.instance.adopt(only: nil, afterCrash: true)
        } catch {
            giveUp(listener, error)
            return Succession()
        }
    }

    /// Ends a listener that cannot go on in its new host. If that host has ended too, the next one tries again.
    func giveUp(_ listener: RunningListener, _ refusal: ListenerRefusal) {
        if listener.host.runtime.isOver { return }
        let lines = refusal.diagnostics.map(\.description).joined(separator: "; ")
        logger.error(
            "the listener has stopped, because it cannot go on in the new host: \(lines); when that is mended: martlet reload",
            metadata: ["listener": "\(listener.name)"])
        for address in listener.addresses.values { close(address) }
        for generation in listener.generations { discard(generation.instance) }
        listeners[listener.name] = nil
    }

    /// - Parameter place: takes the generation before its plugin is called, so that a crash finds it there.
    private func remake(
        _ recipe: PreparedListener, on listener: RunningListener, _ place: (Generation) -> Void
    ) throws(ListenerRefusal) {
        do {
            let image = try listener.host.runtime.load(recipe.image, recipe.plugin, file: recipe.configuration.plugin)
            let instance = try makeInstance(
                recipe, image, on: listener.runtime, in: listener.host, listener.nextGeneration())
            place(Generation(instance: instance, recipe: recipe))
            try instance.start(recipe.options)
        } catch let error as InstanceRefusal {
            throw ListenerRefusal(recipe.configuration, error)
        } catch {
            throw ListenerRefusal(
                listener.name, [recipe.configuration.diagnostic(key: "plugin", message: "\(error)")])
        }
    }

    func accept(for listener: RunningListener) throws(ListenerRefusal) {
        for (key, address) in listener.addresses {
            do throws(ListenFailure) {
                let sockets = try open(address.group, at: address.endpoint, for: listener)
                listener.addresses[key]?.sockets = sockets
                sockets.beginAccepting()
            } catch {
                throw ListenerRefusal(
                    listener.name, [listener.configuration.diagnostic(at: address.endpoint, message: error.text)])
            }
        }
        if listener.candidate != nil { pointSockets(of: listener) }
    }
}
