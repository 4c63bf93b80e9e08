import Configuration
import ConfiguredInstances
import HostInterface
import Instances
import PluginHost

/// What to do with a trial: a pure function of what the candidate has done so far.
package enum RolloutVerdict: Equatable, Sendable {
    case goOn
    /// The hold time is over, but too few connections have tried the candidate: it stays on trial.
    case waitForConnections
    case takeOver
    case abort(String)

    /// With fewer requests the error rate means nothing.
    static let leastRequests: UInt64 = 20

    package init(_ counts: ConnectionCounts, age seconds: Double, _ policy: RolloutPolicy) {
        if policy.abortFaults > 0, counts.faults >= UInt64(policy.abortFaults) {
            self = .abort("\(counts.faults) faults")
        } else if policy.abortSlowCallbacks > 0, counts.slowCallbacks >= UInt64(policy.abortSlowCallbacks) {
            self = .abort("\(counts.slowCallbacks) slow callbacks")
        } else if policy.abortErrorRate < 1, counts.requests >= Self.leastRequests,
            Double(counts.failedRequests) > policy.abortErrorRate * Double(counts.requests)
        {
            self = .abort("\(counts.failedRequests) of \(counts.requests) requests failed")
        } else if seconds < Double(policy.hold.milliseconds) / 1_000 {
            self = .goOn
        } else {
            self = counts.accepted >= UInt64(policy.minimumConnections) ? .takeOver : .waitForConnections
        }
    }
}

/// A generation on trial. On the control thread.
extension Server {
    private static let lookMilliseconds: UInt64 = 50

    func watchCandidate(of listener: RunningListener) {
        guard let candidate = listener.candidate else { return }
        candidate.generation.instance.measureCallbacks(
            over: candidate.generation.recipe.configuration.rollout.slowCallback)
        look(at: candidate.generation.instance, of: listener.name)
    }

    private func look(at instance: any RuntimeInstance, of name: String) {
        control.run(after: Self.lookMilliseconds) { [self] in
            guard !isStopping, let listener = listeners[name], let candidate = listener.candidate,
                candidate.generation.instance === instance
            else { return }
            let policy = candidate.generation.recipe.configuration.rollout
            switch RolloutVerdict(instance.counts, age: candidate.began.age, policy) {
            case .goOn: look(at: instance, of: name)
            case .waitForConnections:
                sayThatTheTrialWaits(listener, candidate)
                look(at: instance, of: name)
            case .takeOver: promoteCandidate(of: listener)
            case .abort(let reason): abortCandidate(of: listener, reason)
            }
        }
    }

    /// Logs this once per trial.
    private func sayThatTheTrialWaits(_ listener: RunningListener, _ candidate: Candidate) {
        guard !candidate.waits else { return }
        listener.candidate?.waits = true
        let policy = candidate.generation.recipe.configuration.rollout
        logger.notice(
            "the trial continues after its hold: fewer connections than rollout.min_connections have tried the new generation",
            metadata: [
                "listener": "\(listener.name)", "generation": "\(candidate.generation.instance.generation)",
                "connections": "\(candidate.generation.instance.counts.accepted)",
                "min_connections": "\(policy.minimumConnections)",
            ])
    }

    private func promoteCandidate(of listener: RunningListener) {
        guard let candidate = listener.candidate else { return }
        let old = listener.current
        listener.current = candidate.generation
        listener.candidate = nil
        listener.previous = old.recipe
        candidate.generation.instance.measureCallbacks(over: .zero)
        pointSockets(of: listener)
        retire(old, of: listener)
        let moves = succeed(listener)
        let entry = Receipt.Entry(
            listener: listener.name, outcome: .swapped,
            detail: "the trial of generation \(candidate.generation.instance.generation) passed: migrated "
                + "\(moves.migrated), pinned \(moves.pinned)", moves: moves)
        _ = record(Receipt(cause: .trial, result: .done, entries: [entry]))
    }

    private func abortCandidate(of listener: RunningListener, _ reason: String) {
        guard let candidate = listener.candidate else { return }
        let detail = condemnCandidate(candidate, of: listener, reason)
        let moves = withdrawCandidate(of: listener)
        let entry = Receipt.Entry(listener: listener.name, outcome: .aborted, detail: detail, moves: moves)
        _ = record(Receipt(cause: .trial, abortReason: reason, result: .refused, entries: [entry]))
    }

    /// Holds back what has failed its trial. Returns what to tell of it.
    func condemnCandidate(_ candidate: Candidate, of listener: RunningListener, _ reason: String) -> String {
        let recipe = candidate.generation.recipe
        let hash = recipe.image.hash
        let consequence: String
        listener.heldBack = HeldBack(state: recipe.state, reason: "its trial was aborted (\(reason))")
        if hasRun(hash, on: listener) {
            // Only the options are new, so they caused the failure. This content has run well before, and a restart needs it.
            consequence =
                "this content has run before, so only the listener's current configuration is held back, until its file changes"
        } else {
            putIntoQuarantine(hash, reason, on: listener)
            consequence = "it is refused from now on; to allow it again: martlet plugins forgive \(hash.prefix(12))"
        }
        return "the trial of \(hash.prefix(12)) was aborted: \(reason); \(consequence)"
    }

    /// Whether some listener runs this content now, other than on trial, or this listener ran it before.
    func hasRun(_ hash: String, on listener: RunningListener) -> Bool {
        listener.previous?.image.hash == hash || listeners.values.contains { $0.current.recipe.image.hash == hash }
    }

    /// Ends the trial. The current generation gets all new connections again, and the sessions that can move.
    func withdrawCandidate(of listener: RunningListener) -> SessionMoves {
        guard let candidate = listener.candidate else { return SessionMoves() }
        listener.candidate = nil
        applySettings(of: listener)
        pointSockets(of: listener)
        retire(candidate.generation, of: listener)
        return succeed(listener)
    }

    // MARK: Quarantine

    /// The refusal of a listener whose plugin failed its trial or crashed.
    func quarantineRefusal(of listener: PreparedListener) -> ListenerRefusal? {
        guard let entry = quarantine[listener.image.hash],
            listeners[listener.configuration.name]?.current.recipe.image.hash != listener.image.hash
        else { return nil }
        let hash = listener.image.hash.prefix(12)
        let what = entry.crashed == true ? "crashed" : "failed its trial"
        let message =
            "\(listener.configuration.plugin): \(hash) \(what) (\(entry.reason)); put another version there, or: "
            + "martlet plugins forgive \(hash)"
        var refusal = ListenerRefusal(
            listener.configuration.name, [listener.configuration.diagnostic(key: "plugin", message: message)])
        refusal.concernsItsListenerAlone = true
        return refusal
    }
}
