import Engine

/// Describes what holds a thread up, for users.
package enum Stall {
    /// Why an event loop has not answered: "does not turn: it is in received of spins 1.0.0 (listener spins, generation 2)".
    package static func text(of loop: EventLoop) -> String {
        guard let observation = loop.runningCallback else { return "does not turn" }
        return "does not turn: it is in " + text(of: observation.kind, observation.label)
    }

    package static func text(of kind: CallbackKind, _ label: UInt32) -> String {
        guard let label = InstanceLabels.shared[label] else { return kind.name }
        return
            "\(kind.name) of \(label.plugin) \(label.version) (listener \(label.listener), generation \(label.generation))"
    }

    /// Everything that holds the process up: loops that do not turn, jobs of workers, and other calls of plugins.
    package static func all(in engine: Engine) -> [String] {
        let now = MonotonicTime.now().nanoseconds
        func seconds(_ since: UInt64) -> String { "\(Int(now > since ? (now - since) / 1_000_000_000 : 0)) s" }
        return engine.loops.filter(\.isStuck).map { "event loop \($0.index) \(text(of: $0))" }
            + engine.workers.runningItems.sorted { $0.since < $1.since }.map {
                "worker \($0.worker) has been in \(text(of: $0.kind, $0.label)) for \(seconds($0.since))"
            }
            + ControlCall.running.map {
                "\(text(of: $0.kind, $0.label)) has not returned for \(seconds($0.since))"
            }
    }
}
