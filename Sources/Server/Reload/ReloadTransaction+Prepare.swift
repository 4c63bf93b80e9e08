import Addresses
import Configuration
import Engine
import Glibc
import HostInterface
import Instances
import Listening
import PluginHost
import Threads

/// Load, create and bind: all that a commit needs, and nothing that peers notice.
extension ReloadTransaction {
    private var stepsWithNewInstance: [ReloadPlan.Step] {
        steps.filter { $0.change == .start || $0.change == .swap }
    }

    func loadImages() {
        failPoint(.load)
        for step in stepsWithNewInstance {
            guard let listener = wanted[step.listener], let host = host(of: listener, step.change) else { continue }
            do throws(ImageRefusal) {
                images[step.listener] = (
                    try host.runtime.load(listener.image, listener.plugin, file: listener.configuration.plugin), host
                )
            } catch {
                let message = "\(listener.configuration.plugin): \(error.reason)"
                refuse(
                    ListenerRefusal(
                        step.listener, [listener.configuration.diagnostic(key: "plugin", message: message)]))
            }
        }
    }

    /// The host of a listener that gets a new instance. nil: the listener is refused.
    private func host(of listener: PreparedListener, _ change: ListenerChange) -> RunningHost? {
        let configuration = listener.configuration
        let running = server.listeners[configuration.name]
        if change == .swap, let running, running.host.name != configuration.host {
            let message =
                "expected \"\(running.configuration.isolation)\" as long as the listener runs, found "
                + "\"\(configuration.isolation)\": its connections cannot move to another host; set enabled = false and reload first"
            refuse(ListenerRefusal(configuration.name, [configuration.diagnostic(key: "isolation", message: message)]))
            return nil
        }
        do {
            return try server.host(for: configuration)
        } catch {
            refuse(
                ListenerRefusal(configuration.name, [configuration.diagnostic(key: "isolation", message: "\(error)")]))
            return nil
        }
    }

    func createInstances() {
        for step in stepsWithNewInstance {
            guard let recipe = wanted[step.listener], let (image, host) = images[step.listener] else { continue }
            let old = server.listeners[step.listener]
            do throws(InstanceRefusal) {
                let entry = try server.create(recipe, image, on: old, in: host)
                created[step.listener] = entry
                if step.change == .swap, let old { checkState(of: old, entry.generation) }
            } catch {
                refuse(ListenerRefusal(recipe.configuration, error))
            }
        }
        failPoint(.create)
    }

    private func checkState(of listener: RunningListener, _ new: Generation) {
        let (old, configuration) = (listener.current.instance, new.recipe.configuration)
        if let problem = server.stateProblem(from: old, to: new.instance, configuration) {
            refuse(
                ListenerRefusal(
                    listener.name, [configuration.diagnostic(key: problem.key, message: problem.message)]))
        }
        if case .startsAnew(let reason) = old.stateTransfer(to: new.instance) {
            leftBehind[listener.name] = ", \(reason)"
        }
    }

    /// A listener whose change is refused keeps its addresses. Listeners that need those addresses are refused as well, and so on
    /// until no more are refused.
    func refuseTakenAddresses() {
        while true {
            let running = server.listeners.values.filter { !$0.isStopping }
            let blocked = ReloadPlan.blocked(
                steps, running: Dictionary(uniqueKeysWithValues: running.map { ($0.name, Array($0.addresses.keys)) }),
                wanted: wanted.mapValues(\.configuration.addresses))
            guard !blocked.isEmpty else { return }
            for entry in blocked {
                guard let listener = wanted[entry.listener]?.configuration,
                    let endpoint = listener.endpoints.first(where: { $0.address == entry.address })
                else { continue }
                let message =
                    "\(entry.address) is still in use by listener \(entry.holder), whose change is refused"
                refuse(ListenerRefusal(listener.name, [listener.diagnostic(at: endpoint, message: message)]))
            }
            dropRefused()
        }
    }

    func bindAddresses() {
        let going = addressesThatGo()
        if let problem = descriptorProblem() { refuse(problem) }
        guard goesOn else { return }
        for step in steps where step.change != .unchanged && step.change != .stop {
            guard let listener = wanted[step.listener]?.configuration else { continue }
            let kept = server.listeners[step.listener]?.addresses ?? [:]
            for endpoint in listener.endpoints where kept[endpoint.address] == nil {
                if let group = server.inheritedSockets(of: listener.name, endpoint, listener.socket) {
                    bound[step.listener, default: [:]][endpoint] = group
                    continue
                }
                let overlaps =
                    going.contains { $0.overlaps(endpoint.address) } || server.hasInherited(endpoint.address)
                do throws(SystemError) {
                    let group = try ListeningSocketGroup.open(
                        endpoint.address, options: ListeningSocketOptions(listener.socket),
                        count: server.shared.runtime.loopCount, exclusive: !overlaps)
                    bound[step.listener, default: [:]][endpoint] = group
                } catch {
                    refuse(refusal(of: listener, endpoint, error))
                }
            }
        }
        failPoint(.bind)
    }

    /// The refusal when the new sockets would exceed the descriptor limit, less a reserve for connections and questions; nil when
    /// they fit. Without this check, thousands of addresses could use up all descriptors of a running server.
    private func descriptorProblem() -> ListenerRefusal? {
        let new = steps.reduce(0) { sum, step in
            guard step.change != .unchanged, step.change != .stop, let listener = wanted[step.listener] else {
                return sum
            }
            let kept = server.listeners[step.listener]?.addresses ?? [:]
            return sum + listener.configuration.addresses.count { kept[$0] == nil }
        }
        let (needed, open) = (new * server.shared.runtime.loopCount, OpenDescriptors.count(of: getpid()))
        let ceiling = Int(Engine.descriptorCeiling(reserved: EngineSettings.usualReserve))
        guard new > 0, open + needed > ceiling else { return nil }
        return ListenerRefusal(
            "",
            [
                Diagnostic(
                    file: server.settings.pluginsDirectory,
                    message:
                        "\(new) new addresses need \(needed) descriptors (one for each event loop), but of \(ceiling) "
                        + "\(open) are in use: raise the limit (ulimit -n), or listen on fewer addresses")
            ])
    }

    /// Our addresses that this reload closes: a new one may overlap with them.
    private func addressesThatGo() -> [ListenAddress] {
        steps.flatMap { step -> [ListenAddress] in
            let running = server.listeners[step.listener]?.addresses.keys.map { $0 } ?? []
            let kept = step.change == .stop ? [] : wanted[step.listener]?.configuration.addresses ?? []
            return running.filter { !kept.contains($0) }
        }
    }

    private func refusal(
        of listener: ListenerConfiguration, _ endpoint: Endpoint, _ error: SystemError
    ) -> ListenerRefusal {
        let address = endpoint.address
        let place = address.port.map { "port \($0)" } ?? "\(address)"
        let message =
            switch error.reason {
            case "Address already in use":
                "\(place) is in use by another program (address \(address)); "
                    + "find it with: ss -ltnp, or choose another port"
            case "Permission denied": "this user may not listen on \(place) (address \(address))"
            default: "cannot listen on \(address): \(error)"
            }
        return ListenerRefusal(listener.name, [listener.diagnostic(at: endpoint, message: message)])
    }
}

extension ListenerRefusal {
    /// The problems that a plugin found in its options, at their places in the file.
    init(_ listener: ListenerConfiguration, _ error: InstanceRefusal) {
        self.init(
            listener.name,
            error.problems.map { problem in
                problem.path.isEmpty
                    ? listener.diagnostic(key: "plugin", message: "the plugin refused: \(problem.message)")
                    : listener.diagnostic(key: "options.\(problem.path)", message: problem.message)
            })
    }
}
