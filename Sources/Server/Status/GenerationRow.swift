import Engine
import PluginHost

/// One line of `martlet generations`: a generation that lives, and why.
package struct GenerationRow: Codable, Sendable, Equatable {
    package var listener: String
    package var generation: Int
    package var version: String
    package var hash: String
    package var ageSeconds: Double
    package var connections: UInt64
    /// Age of its oldest connection; 0 when it has none.
    package var oldestConnectionSeconds: Double
    package var state: PluginRow.State
    /// Why it is alive.
    package var reason: String
}

extension Server {
    func generations() -> [GenerationRow] {
        control.ask { [self] in
            listeners.values.sorted { $0.name < $1.name }.flatMap { listener in
                listener.instances.map { row(of: $0, listener) }
            }
        }
    }

    private func row(of instance: PluginInstance, _ listener: RunningListener) -> GenerationRow {
        let connections = instance.counts.open
        let (state, reason): (PluginRow.State, String) =
            if instance === listener.current.instance, !listener.isStopping {
                (.running, "gets new connections")
            } else if let candidate = listener.candidate, candidate.generation.instance === instance {
                (
                    .trial,
                    "gets \(candidate.generation.recipe.configuration.rollout.percent) % of new connections on trial"
                )
            } else {
                (.retiring, whyRetiring(instance, listener, connections))
            }
        return GenerationRow(
            listener: listener.name, generation: instance.generation, version: instance.image.description.version,
            hash: instance.image.hash, ageSeconds: instance.created.age, connections: connections,
            oldestConnectionSeconds: instance.oldestConnectionSeconds, state: state, reason: reason)
    }

    private func whyRetiring(
        _ instance: PluginInstance, _ listener: RunningListener, _ connections: UInt64
    ) -> String {
        if connections == 0 { return instance.isBusy ? "expects work of its plugin" : "is about to end" }
        if instance.isDraining { return "is draining" }
        if listener.isStopping { return "its listener is gone; connections go on until they close" }
        if listener.configuration.reload.onReload != .migrate { return "on_reload keeps its connections here" }
        return instance.canMigrate(to: listener.current.instance)
            ? "its sessions are busy, or could not be moved"
            : "its sessions cannot be restored by the current generation"
    }
}
