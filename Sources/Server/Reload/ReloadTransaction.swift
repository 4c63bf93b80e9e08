import Configuration
import Engine
import PluginHost
import Telemetry

/// The second half of a reload, on the control thread: create, bind, commit, retire. What fails before the commit is
/// undone in reverse, and what ran goes on as it was.
final class ReloadTransaction {
    private let server: Server
    private let preparation: ReloadPreparation
    private let plan: ReloadPlan
    private let wanted: [String: PreparedListener]

    private var images: [String: LoadedImage] = [:]
    private var created: [String: (instance: PluginInstance, quota: ConnectionQuota, registry: MetricRegistry)] = [:]
    private var bound: [String: [ListenAddress: ListeningSocketGroup]] = [:]
    private var refusals: [ListenerRefusal]
    private var moves: [String: SessionMoves] = [:]

    init(server: Server, preparation: ReloadPreparation) {
        self.server = server
        self.preparation = preparation
        refusals = preparation.refusals
        wanted = Dictionary(uniqueKeysWithValues: preparation.listeners.map { ($0.configuration.name, $0) })
        plan = ReloadPlan(
            running: server.listeners.values.filter { !$0.isStopping }.map(\.state),
            wanted: preparation.listeners.map(\.state))
    }

    func run() -> Receipt {
        if refusals.isEmpty { loadImages() }
        if refusals.isEmpty { createInstances() }
        if refusals.isEmpty { bindAddresses() }
        guard refusals.isEmpty else {
            undo()
            return receipt()
        }
        let needsRestart = applyProcess()
        for step in plan.steps { commit(step) }
        var receipt = receipt()
        receipt.needsRestart = needsRestart
        return receipt
    }

    // MARK: Load

    private func loadImages() {
        for step in plan.steps where step.change == .start || step.change == .swap {
            guard let listener = wanted[step.listener] else { continue }
            let file = listener.configuration.plugin
            do throws(ImageRefusal) {
                images[step.listener] = try server.loader.load(listener.image, listener.plugin, file: file)
            } catch {
                let message = "\(file): \(error.reason)"
                refusals.append(
                    ListenerRefusal(
                        step.listener, [listener.configuration.diagnostic(key: "plugin", message: message)]))
            }
        }
    }

    // MARK: Create

    private func createInstances() {
        for step in plan.steps where step.change == .start || step.change == .swap {
            guard let listener = wanted[step.listener], let image = images[step.listener] else { continue }
            let old = server.listeners[step.listener]
            let quota = old?.quota ?? ConnectionQuota(limit: listener.configuration.limits.connections)
            let registry = old?.registry ?? MetricRegistry()
            let instance = PluginInstance(
                image: image, listener: step.listener, generation: (old?.current.generation ?? 0) + 1,
                limits: ConnectionBounds(listener.configuration.limits), quota: quota, registry: registry,
                engine: server.engine, logger: server.logger)
            do throws(InstanceRefusal) {
                try instance.create(options: listener.options)
                created[step.listener] = (instance, quota, registry)
            } catch {
                refusals.append(refusal(of: listener.configuration, error))
            }
        }
    }

    private func refusal(of listener: ListenerConfiguration, _ error: InstanceRefusal) -> ListenerRefusal {
        ListenerRefusal(
            listener.name,
            error.problems.map { problem in
                problem.path.isEmpty
                    ? listener.diagnostic(key: "plugin", message: "the plugin refused: \(problem.message)")
                    : listener.diagnostic(key: "options.\(problem.path)", message: problem.message)
            })
    }

    // MARK: Bind

    private func bindAddresses() {
        let going = addressesThatGo()
        for step in plan.steps where step.change != .unchanged && step.change != .stop {
            guard let listener = wanted[step.listener]?.configuration else { continue }
            let kept = server.listeners[step.listener]?.addresses ?? [:]
            for (index, address) in listener.addresses.enumerated() where kept[address] == nil {
                let overlaps = going.contains { $0.overlaps(address) }
                do throws(SystemError) {
                    let group = try ListeningSocketGroup.open(
                        ListeningAddress(address), options: ListeningSocketOptions(listener.socket),
                        count: server.engine.loops.count, exclusive: !overlaps)
                    bound[step.listener, default: [:]][address] = group
                } catch {
                    refusals.append(refusal(of: listener, index, address, error))
                }
            }
        }
    }

    /// Addresses of ours that this reload gives up: a new one may overlap with them.
    private func addressesThatGo() -> [ListenAddress] {
        plan.steps.flatMap { step -> [ListenAddress] in
            let running = server.listeners[step.listener]?.addresses.keys.map { $0 } ?? []
            let kept = wanted[step.listener]?.configuration.addresses ?? []
            return running.filter { !kept.contains($0) }
        }
    }

    private func refusal(
        of listener: ListenerConfiguration, _ index: Int, _ address: ListenAddress, _ error: SystemError
    ) -> ListenerRefusal {
        let key = listener.addresses.count > 1 ? "listen[\(index)]" : "listen"
        let where_ = address.port.map { "port \($0)" } ?? "\(address)"
        let message =
            switch error.reason {
            case "Address already in use":
                "\(where_) is in use by another program (address \(address)); "
                    + "find it with: ss -ltnp, or choose another port"
            case "Permission denied": "this user may not listen on \(where_) (address \(address))"
            default: "cannot listen on \(address): \(error)"
            }
        return ListenerRefusal(listener.name, [listener.diagnostic(key: key, message: message)])
    }

    // MARK: Undo

    private func undo() {
        for groups in bound.values { for group in groups.values { group.closeAll() } }
        for entry in created.values { entry.instance.discard() }
    }

    // MARK: Commit

    /// Settings of the process that change live; returns the keys of those that do not.
    private func applyProcess() -> [String] {
        let (old, new) = (server.process, preparation.loaded.process)
        server.engine.quota.setLimit(new.maximumConnections)
        server.process = new
        let fixed: [(String, Bool)] = [
            ("loops", old.loops == new.loops), ("workers", old.workers == new.workers),
            ("worker_queue", old.workerQueue == new.workerQueue),
            ("runtime_directory", old.runtimeDirectory == new.runtimeDirectory),
            ("control_socket", old.controlSocket == new.controlSocket),
            ("probe_timeout", old.probeTimeout == new.probeTimeout),
            ("probe_memory", old.probeMemory == new.probeMemory),
            ("log_level", old.logLevel == new.logLevel), ("log_format", old.logFormat == new.logFormat),
            ("cpu_affinity", old.cpuAffinity == new.cpuAffinity),
        ]
        return fixed.filter { !$0.1 }.map(\.0)
    }

    private func commit(_ step: ReloadPlan.Step) {
        switch step.change {
        case .unchanged:
            if let listener = server.listeners[step.listener], let new = wanted[step.listener] {
                listener.configuration = new.configuration
            }
        case .start: start(step.listener)
        case .swap: swap(step.listener)
        case .move:
            guard let listener = server.listeners[step.listener], let new = wanted[step.listener] else { return }
            listener.configuration = new.configuration
            moveAddresses(of: listener)
        case .stop: stop(step.listener)
        }
    }

    private func start(_ name: String) {
        guard let entry = created[name], let new = wanted[name] else { return }
        let listener = RunningListener(
            configuration: new.configuration, current: entry.instance, quota: entry.quota, registry: entry.registry)
        if let old = server.listeners[name] {
            // It is on its way out and still has connections: they stay with the name.
            listener.retired = old.retired
            listener.past = old.past
        }
        server.listeners[name] = listener
        moveAddresses(of: listener)
    }

    private func swap(_ name: String) {
        guard let entry = created[name], let new = wanted[name], let listener = server.listeners[name] else { return }
        listener.configuration = new.configuration
        listener.quota.setLimit(new.configuration.limits.connections)
        moves[name] = server.succeed(listener, by: entry.instance) { self.moveAddresses(of: listener) }
    }

    private func stop(_ name: String) {
        guard let listener = server.listeners[name] else { return }
        for address in listener.addresses.values { server.close(address) }
        listener.addresses = [:]
        listener.isStopping = true
        for instance in listener.retired { instance.pinSessions() }
        server.retire(listener.current, of: listener)
    }

    /// Makes the sockets of a listener those of its configuration, all leading to its current instance. Each loop takes
    /// the change between two callbacks.
    private func moveAddresses(of listener: RunningListener) {
        let wanted = listener.configuration.addresses
        for (address, open) in listener.addresses where !wanted.contains(address) {
            server.close(open)
            listener.addresses[address] = nil
        }
        for (address, open) in listener.addresses {
            retarget(open, to: listener.current)
            do throws(SystemError) {
                try open.group.apply(ListeningSocketOptions(listener.configuration.socket))
            } catch {
                server.logger.warning("socket options of \(address) stay as they were: \(error)")
            }
        }
        for (address, group) in bound[listener.configuration.name] ?? [:] {
            listener.addresses[address] = listen(group, listener.current)
        }
    }

    private func retarget(_ open: OpenAddress, to instance: PluginInstance) {
        for (index, loop) in server.engine.loops.enumerated() {
            nonisolated(unsafe) let (socket, binding) = (open.sockets[index], instance.bindings[index])
            loop.ask { $0.retarget(socket, to: binding) }
        }
    }

    private func listen(_ group: ListeningSocketGroup, _ instance: PluginInstance) -> OpenAddress {
        var sockets: [ListeningSocketPointer] = []
        for (index, loop) in server.engine.loops.enumerated() {
            nonisolated(unsafe) let binding = instance.bindings[index]
            let answer = loop.ask { core in
                SocketAnswer(
                    socket: core.listen(
                        descriptor: group.descriptors[index], shared: group.shared, binding: binding))
            }
            sockets.append(answer.socket)
        }
        return OpenAddress(group: group, sockets: sockets)
    }

    private struct SocketAnswer: @unchecked Sendable {
        let socket: ListeningSocketPointer
    }

    // MARK: Receipt

    private func receipt() -> Receipt {
        let entries = refusals.isEmpty ? plan.steps.map(entry) : refusals.flatMap(entries)
        return Receipt(sequence: 0, milliseconds: 0, entries: entries)
    }

    private func entries(_ refusal: ListenerRefusal) -> [Receipt.Entry] {
        refusal.diagnostics.map {
            Receipt.Entry(listener: refusal.listener, outcome: .refused, detail: $0.description)
        }
    }

    private func entry(_ step: ReloadPlan.Step) -> Receipt.Entry {
        let outcome: Receipt.Outcome =
            switch step.change {
            case .unchanged: .unchanged
            case .start: .started
            case .swap: .swapped
            case .move: .moved
            case .stop: .stopped
            }
        return Receipt.Entry(
            listener: step.listener, outcome: outcome, detail: detail(step), moves: moves[step.listener])
    }

    private func detail(_ step: ReloadPlan.Step) -> String {
        let running = server.listeners[step.listener]?.current.image
        guard let plugin = wanted[step.listener]?.plugin ?? running?.description,
            let hash = wanted[step.listener]?.image.hash ?? running?.hash
        else { return "" }
        let name = "\(plugin.name) \(plugin.version) (\(hash.prefix(12)))"
        guard step.change == .swap || step.change == .stop, let listener = server.listeners[step.listener] else {
            return name
        }
        let moves = moves[step.listener] ?? SessionMoves()
        if step.change == .stop { return "\(name), \(listener.counts.open) connections go on until they close" }
        var text =
            "\(name), generation \(listener.current.generation): migrated \(moves.migrated), pinned \(moves.pinned)"
        if moves.waiting > 0 { text += ", to follow \(moves.waiting)" }
        return text
    }
}
