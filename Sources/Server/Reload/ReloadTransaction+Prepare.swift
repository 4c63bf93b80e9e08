import Configuration
import Engine
import PluginHost
import Telemetry

/// Load, create and bind: all that a commit needs, and nothing that peers notice.
extension ReloadTransaction {
    private var stepsWithNewInstance: [ReloadPlan.Step] {
        steps.filter { $0.change == .start || $0.change == .swap }
    }

    func loadImages() {
        failPoint(.load)
        for step in stepsWithNewInstance {
            guard let listener = wanted[step.listener] else { continue }
            let file = listener.configuration.plugin
            do throws(ImageRefusal) {
                images[step.listener] = try server.loader.load(listener.image, listener.plugin, file: file)
            } catch {
                let message = "\(file): \(error.reason)"
                refuse(
                    ListenerRefusal(
                        step.listener, [listener.configuration.diagnostic(key: "plugin", message: message)]))
            }
        }
    }

    func createInstances() {
        for step in stepsWithNewInstance {
            guard let recipe = wanted[step.listener], let image = images[step.listener] else { continue }
            let old = server.listeners[step.listener]
            do throws(InstanceRefusal) {
                created[step.listener] = try server.create(recipe, image, on: old)
            } catch {
                refuse(ListenerRefusal(recipe.configuration, error))
            }
        }
        failPoint(.create)
    }

    func bindAddresses() {
        let going = addressesThatGo()
        for step in steps where step.change != .unchanged && step.change != .stop {
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
                    refuse(refusal(of: listener, index, address, error))
                }
            }
        }
        failPoint(.bind)
    }

    /// Addresses of ours that this reload gives up: a new one may overlap with them.
    private func addressesThatGo() -> [ListenAddress] {
        steps.flatMap { step -> [ListenAddress] in
            let running = server.listeners[step.listener]?.addresses.keys.map { $0 } ?? []
            let kept = step.change == .stop ? [] : wanted[step.listener]?.configuration.addresses ?? []
            return running.filter { !kept.contains($0) }
        }
    }

    private func refusal(
        of listener: ListenerConfiguration, _ index: Int, _ address: ListenAddress, _ error: SystemError
    ) -> ListenerRefusal {
        let key = listener.addresses.count > 1 ? "listen[\(index)]" : "listen"
        let place = address.port.map { "port \($0)" } ?? "\(address)"
        let message =
            switch error.reason {
            case "Address already in use":
                "\(place) is in use by another program (address \(address)); "
                    + "find it with: ss -ltnp, or choose another port"
            case "Permission denied": "this user may not listen on \(place) (address \(address))"
            default: "cannot listen on \(address): \(error)"
            }
        return ListenerRefusal(listener.name, [listener.diagnostic(key: key, message: message)])
    }
}

extension ListenerRefusal {
    /// What a plugin did not like about its options, at their places in the file.
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
