import Instances
import PluginHost

/// One line of `martlet generations`: a live generation, and why it is still alive.
package struct GenerationRow: Codable, Sendable, Equatable {
    package var listener: String
    package var generation: Int
    package var version: String
    package var hash: String
    package var ageSeconds: Double
    package var connections: UInt64
    /// The age of its oldest connection; 0 when it has none, nil when an event loop did not answer.
    package var oldestConnectionSeconds: Double?
    package var state: PluginRow.State
    /// Why it is alive.
    package var reason: String
}

extension Server {
    /// How long to wait for the ages of connections, which only the loops know.
    private static let agePatienceMilliseconds: UInt64 = 2_000

    func generations() -> [GenerationRow] {
        let snapshot = snapshot
        let instances = snapshot.listeners.flatMap { $0.generations.map(\.instance) }
        let ages = control.ask(by: .after(milliseconds: Self.agePatienceMilliseconds)) {
            instances.map(\.oldestConnectionSeconds)
        }
        var next = 0
        return snapshot.listeners.flatMap { listener in
            listener.generations.map { generation in
                defer { next += 1 }
                return row(of: generation, listener, oldest: ages?[next])
            }
        }
    }

    private func row(
        of generation: ServerSnapshot.Generation, _ listener: ServerSnapshot.Listener, oldest: Double??
    ) -> GenerationRow {
        let instance = generation.instance
        let counts = instance.counts
        let (state, reason): (PluginRow.State, String) =
            if instance === listener.current.instance, !listener.isStopping {
                (.running, "gets new connections")
            } else if let candidate = listener.candidate, candidate.instance === instance {
                (.trial, "gets \(listener.share) % of new connections on trial")
            } else {
                (.retiring, whyRetiring(generation, listener, counts))
            }
        return GenerationRow(
            listener: listener.name, generation: instance.generation, version: generation.recipe.plugin.version,
            hash: generation.recipe.image.hash, ageSeconds: instance.created.age, connections: counts.open,
            oldestConnectionSeconds: oldest ?? nil, state: state, reason: reason)
    }

    private func whyRetiring(
        _ generation: ServerSnapshot.Generation, _ listener: ServerSnapshot.Listener, _ counts: ConnectionCounts
    ) -> String {
        if counts.open == 0 {
            if counts.loans > 0 { return "has lent output that is not sent yet" }
            return generation.instance.isBusy ? "waits for work of its plugin" : "is about to end"
        }
        if generation.isDraining { return "is draining" }
        if listener.isStopping { return "its listener is gone; connections continue until they close" }
        if listener.configuration.reload.onReload != .migrate { return "on_reload keeps its connections here" }
        return generation.instance.canMigrate(to: listener.current.instance)
            ? "its sessions are busy, or could not be moved"
            : "its sessions cannot be restored by the current generation"
    }
}
