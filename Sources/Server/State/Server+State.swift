import FoundationEssentials
import Instances
import PluginHost

/// What the server saves for a restart. On the control thread.
extension Server {
    /// The current state. A candidate counts as held back during its trial: if it crashes this process, the next server does not
    /// give it all the traffic.
    var currentState: ServerState {
        var state = ServerState()
        state.quarantine = quarantine
        state.heldBack = absentHolds
        for listener in listeners.values where !listener.isStopping {
            state.heldBack[listener.name] = listener.kept
        }
        return state
    }

    /// For the preparation of a reload, which runs on another thread.
    var keptHolds: KeptHolds {
        KeptHolds(holds: absentHolds, quarantine: Set(quarantine.keys), originals: state.originals)
    }

    /// Called after each change. An unchanged state is not written.
    func saveState() { state.save(currentState, logger: logger) }

    /// Called before a commit that begins trials: a candidate may crash on its first connection.
    func saveState(beginning trials: [String: PreparedListener]) {
        guard !trials.isEmpty else { return }
        var state = currentState
        for (name, recipe) in trials {
            guard let listener = listeners[name] else { continue }
            state.heldBack[name] = listener.kept(trying: recipe)
        }
        self.state.save(state, logger: logger)
    }

    /// Called after a reload. Of the listeners that do not run, only the refused ones may still need their holds.
    func forgetHolds(except refused: Set<String>) {
        absentHolds = absentHolds.filter { refused.contains($0.key) }
    }

    /// Tells the operator that the listener does not run what is in the folder.
    func warnOfStandIn(_ name: String, _ held: HeldBack) {
        logger.warning(
            "the listener starts with what ran before: what is in the folder is held back",
            metadata: ["listener": "\(name)", "held": "\(held.state.hash.prefix(12))", "reason": "\(held.reason)"])
    }

    /// Removes private copies and originals that no generation runs and no rollback or restart may need. Call this only while no
    /// image is staged.
    func removeUnusedImages() {
        loader.store.removeAll(except: imagesInUse)
        guard let originals = loader.store.originals else { return }
        // The report of a crash needs the symbols of what runs, or ran when its host ended.
        let made = hosts.flatMap { $0.made.values.map(\.recipe.image.hash) }
        originals.removeAll(
            except: imagesInUse.union(currentState.neededImages).union(state.saved.neededImages).union(made))
        if let problem = originals.takeProblem() {
            logger.error("cannot keep the original of a plugin: \(problem)")
        }
    }

    /// Takes a hash, or the hashes that begin with it, out of quarantine, and releases what is held back under them, for the next
    /// reload. Returns the hashes.
    func forgive(_ prefix: String) -> [String] {
        // Do not forgive what is on trial now.
        var state = currentState
        for listener in listeners.values where listener.candidate != nil { state.heldBack[listener.name] = nil }
        let forgiven = state.forgive(prefix)
        quarantine = state.quarantine
        absentHolds = absentHolds.filter { state.heldBack[$0.key] != nil }
        for listener in listeners.values where state.heldBack[listener.name] == nil { listener.heldBack = nil }
        saveState()
        return forgiven
    }

    func putIntoQuarantine(_ hash: String, _ reason: String, on listener: RunningListener, crashed: Bool? = nil) {
        quarantine[hash] = ServerState.Quarantined(
            reason: reason, crashed: crashed, listener: listener.name, time: Date().formatted(.iso8601))
    }
}

extension RunningListener {
    fileprivate var kept: ServerState.HeldBack? {
        if let candidate { return kept(trying: candidate.generation.recipe) }
        return heldBack.map {
            ServerState.HeldBack(
                reason: $0.reason, held: ServerState.Recipe($0.state), runs: ServerState.Recipe(current.recipe.state))
        }
    }

    fileprivate func kept(trying candidate: PreparedListener) -> ServerState.HeldBack {
        ServerState.HeldBack(
            reason: "the server ended during its trial", held: ServerState.Recipe(candidate.state),
            runs: ServerState.Recipe(current.recipe.state))
    }
}

extension ServerState.Recipe {
    fileprivate init(_ state: ListenerState) {
        self.init(hash: state.hash, file: state.configuration.text)
    }
}
