import Engine

/// Describes what holds a thread up, for users.
package enum Stall {
    /// Names an instance by the label that its threads publish; nil: none is known by it.
    package typealias Names = (_ label: UInt32) -> InstanceName?

    /// Why an event loop has not answered: "does not turn: it is in received of spins 1.0.0 (listener spins, generation 2)".
    package static func text(of loop: LoopPage, _ names: Names = namesHere) -> String {
        guard let observation = loop.running.pointee.observation else { return "does not turn" }
        return "does not turn: it is in " + text(of: observation.kind, observation.label, names)
    }

    package static func text(of kind: CallbackKind, _ label: UInt32, _ names: Names = namesHere) -> String {
        guard let name = names(label) else { return kind.name }
        return
            "\(kind.name) of \(name.plugin) \(name.version) (listener \(name.listener), generation \(name.generation))"
    }

    /// Of the instances in this process.
    package static func namesHere(_ label: UInt32) -> InstanceName? { InstanceLabels.shared[label]?.name }

    /// Everything that holds this process up: loops that do not turn, jobs of workers, and other calls of plugins.
    package static func all(in engine: Engine) -> [String] {
        let now = MonotonicTime.now().nanoseconds
        func seconds(_ since: UInt64) -> String { "\(Int(now > since ? (now - since) / 1_000_000_000 : 0)) s" }
        return engine.loops.filter(\.isStuck).map { "event loop \($0.index) \(text(of: $0.page))" }
            + engine.published.jobs.map {
                "worker \($0.worker) has been in \(text(of: $0.kind, $0.label)) for \(seconds($0.since))"
            }
            + ControlCall.running.map {
                "\(text(of: $0.kind, $0.label)) has not returned for \(seconds($0.since))"
            }
    }
}
