import Configuration
import HostInterface
import Instances
import PluginHost

/// Rolls a listener back to what ran before. On the control thread.
extension Server {
    /// Creates the previous generation of a listener again, from the private copy of its image, and gives it all connections,
    /// including open sessions.
    func rollback(_ name: String) -> Receipt {
        let entry: Receipt.Entry
        do throws(ListenerRefusal) {
            entry = try performRollback(name)
        } catch {
            let lines = error.diagnostics.map(\.message).joined(separator: "; ")
            entry = Receipt.Entry(listener: name, outcome: .refused, detail: lines)
        }
        return record(
            Receipt(cause: .rollback, result: entry.outcome == .refused ? .refused : .done, entries: [entry]))
    }

    /// The message for a name that no listener has, with the nearest name that exists.
    func unknownListener(_ name: String, among names: [String]) -> String {
        "no such listener" + (nearest(name, among: names).map { "; did you mean \($0)?" } ?? "")
    }

    private func performRollback(_ name: String) throws(ListenerRefusal) -> Receipt.Entry {
        guard let listener = listeners[name], !listener.isStopping else {
            throw refusal(name, unknownListener(name, among: listeners.keys.sorted()))
        }
        if listener.candidate != nil {
            listener.heldBack = listener.candidate.map {
                HeldBack(state: $0.generation.recipe.state, reason: "rolled back")
            }
            let moves = withdrawCandidate(of: listener)
            return Receipt.Entry(
                listener: name, outcome: .rolledBack, detail: "the trial of the new generation is stopped",
                moves: moves)
        }
        guard let recipe = listener.previous else {
            throw refusal(name, "has no previous generation")
        }
        guard process.trusts(recipe.image) else {
            throw refusal(name, "the previous generation is not signed by any of the current trusted_keys")
        }
        let replaced = listener.current
        let created = try make(recipe, on: listener)
        let still = try moveState(of: listener, to: created.generation)
        listener.current = created.generation
        applySettings(of: listener)
        pointSockets(of: listener)
        // Hold back what the folder asks for. After an aborted trial that is not the generation rolled back here, so the hold
        // stays.
        if listener.heldBack?.isOf(recipe) ?? true {
            listener.heldBack = HeldBack(state: replaced.recipe.state, reason: "rolled back")
        }
        listener.previous = replaced.recipe
        retire(replaced, of: listener)
        let moves = succeed(listener)
        let state = still.map(finish)
        let detail =
            "\(recipe.plugin.name) \(recipe.plugin.version) (\(recipe.image.hash.prefix(12))), generation "
            + "\(created.generation.instance.generation): migrated \(moves.migrated), pinned \(moves.pinned)"
            + (state.map { ", \($0.text)" } ?? "")
        return Receipt.Entry(listener: name, outcome: .rolledBack, detail: detail, moves: moves, state: state)
    }

    private func moveState(
        of listener: RunningListener, to new: Generation
    ) throws(ListenerRefusal) -> Standstill? {
        let old = listener.current.instance
        do throws(StateRefusal) {
            if let problem = stateProblem(from: old, to: new.instance, listener.configuration) {
                throw StateRefusal(reason: problem.message)
            }
            return try moveState(from: old, to: new.instance, listener.configuration)
        } catch {
            discard(new.instance)
            throw refusal(listener.name, "the state of generation \(old.generation) has not moved: \(error.reason)")
        }
    }

    private func make(
        _ recipe: PreparedListener, on listener: RunningListener
    ) throws(ListenerRefusal) -> ReloadTransaction.Created {
        var recipe = recipe
        recipe.configuration.takePlace(of: listener.configuration)
        let image: any RuntimeImage
        do throws(ImageRefusal) {
            image = try listener.host.runtime.load(recipe.image, recipe.plugin, file: recipe.configuration.plugin)
        } catch {
            throw refusal(listener.name, error.description)
        }
        do throws(InstanceRefusal) {
            return try create(recipe, image, on: listener, in: listener.host)
        } catch {
            throw ListenerRefusal(recipe.configuration, error)
        }
    }

    private func refusal(_ name: String, _ message: String) -> ListenerRefusal {
        ListenerRefusal(name, [Diagnostic(file: name, message: message)])
    }
}
