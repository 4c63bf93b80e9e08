import Configuration
import HostInterface
import Instances
import Listening
import PluginHost

/// The second half of a reload, on the control thread: load, create, bind, commit, retire.
///
/// Until the last listener is committed, every step can be undone. When one fails, all are undone in reverse order and the
/// running listeners continue unchanged. The steps that cannot be undone (closing addresses, moving sessions, ending generations)
/// come last and cannot fail.
final class ReloadTransaction {
    struct Created {
        let generation: Generation
        let runtime: any RuntimeListener
        let host: RunningHost
    }

    struct Earlier {
        let current: Generation
        let candidate: Candidate?
        let previous: PreparedListener?
        let heldBack: HeldBack?

        var generations: [Generation] { [current] + (candidate.map { [$0.generation] } ?? []) }
    }

    let server: Server
    let preparation: ReloadPreparation
    let request: ReloadRequest
    let wanted: [String: PreparedListener]
    private(set) var steps: [ReloadPlan.Step]

    var images: [String: (image: any RuntimeImage, host: RunningHost)] = [:]
    var created: [String: Created] = [:]
    var bound: [String: [Endpoint: ListeningSocketGroup]] = [:]
    var moves: [String: SessionMoves] = [:]
    /// States that have moved in this commit. Their listeners stand still.
    var standstills: [String: Server.Standstill] = [:]
    var stateMoves: [String: StateMove] = [:]
    /// Why a new generation begins without the state of the old one.
    var leftBehind: [String: String] = [:]
    /// What a swapped listener served with until now.
    var before: [String: Earlier] = [:]
    /// Undoes the commits so far. Newest last.
    var undoCommits: [() -> Void] = []
    private var refusals: [ListenerRefusal]

    init(server: Server, preparation: ReloadPreparation, _ request: ReloadRequest) {
        self.server = server
        self.preparation = preparation
        self.request = request
        let quarantined = preparation.listeners.compactMap { server.quarantineRefusal(of: $0) }
        refusals = preparation.refusals + quarantined
        if let refusal = Self.emptyFolderRefusal(preparation, request, server: server) { refusals.append(refusal) }
        let listeners = server.listeners.values.filter { !$0.isStopping }
        for listener in listeners { listener.readHeldBackAgain(preparation) }
        wanted = Dictionary(uniqueKeysWithValues: preparation.listeners.map { ($0.configuration.name, $0) })
        steps =
            ReloadPlan(
                running: listeners.map(\.state), wanted: preparation.listeners.map(\.state),
                heldBack: Dictionary(
                    uniqueKeysWithValues: listeners.compactMap { listener in
                        listener.heldBack.map { (listener.name, $0.state) }
                    })
            ).steps
        dropRefused()
    }

    func run() -> Receipt {
        announceDatabases()
        refuseTakenAddresses()
        for phase in [loadImages, createInstances, bindAddresses] where goesOn {
            phase()
            dropRefused()
            refuseTakenAddresses()
        }
        if goesOn {
            server.saveState(beginning: trialsToBegin)
            commit()
        }
        defer {
            server.removeUnusedImages()
            server.removeUnusedHosts()
        }
        guard goesOn else {
            undo()
            return receipt()
        }
        let needsRestart = applyProcess()
        for step in steps { settle(step) }
        dropRefused()
        server.forgetHolds(except: Set(refusals.map(\.listener)))
        var receipt = receipt()
        receipt.needsRestart = needsRestart
        return receipt
    }

    /// A partial reload continues without the refused listeners. Any reload continues without listeners whose refusal concerns
    /// them alone. A refusal that belongs to no listener refuses the whole reload.
    var goesOn: Bool {
        refusals.allSatisfy { $0.concernsItsListenerAlone || request.partial && !$0.listener.isEmpty }
    }

    func refuse(_ refusal: ListenerRefusal) { refusals.append(refusal) }

    /// In a debug build: fails here when a test asked for it.
    func failPoint(_ step: ReloadStep) {
        if FailPoint.isSet(step) { refuse(FailPoint.refusal(step)) }
    }

    /// Drops the refused listeners and releases what was prepared for them.
    func dropRefused() {
        let refused = Set(refusals.map(\.listener))
        steps.removeAll { refused.contains($0.listener) }
        for name in refused {
            for group in bound.removeValue(forKey: name)?.values.map({ $0 }) ?? [] { group.giveUp() }
            if let entry = created.removeValue(forKey: name) { server.discard(entry.generation.instance) }
        }
    }

    private func undo() {
        for undo in undoCommits.reversed() { undo() }
        for groups in bound.values { for group in groups.values { group.giveUp() } }
        for (name, entry) in created {
            server.discard(entry.generation.instance, for: server.listeners[name]?.current.instance)
        }
    }

    // MARK: Receipt

    private func receipt() -> Receipt {
        let refused = refusals.flatMap { refusal in
            refusal.diagnostics.map {
                Receipt.Entry(listener: refusal.listener, outcome: .refused, detail: $0.description)
            }
        }
        return Receipt(
            sequence: 0, milliseconds: 0, result: goesOn ? (refused.isEmpty ? .done : .partial) : .refused,
            entries: goesOn ? steps.map(entry) + refused : refused)
    }

    private func entry(_ step: ReloadPlan.Step) -> Receipt.Entry {
        let outcome: Receipt.Outcome =
            switch step.change {
            case .unchanged: .unchanged
            case .start: .started
            case .swap: server.listeners[step.listener]?.candidate == nil ? .swapped : .trial
            case .move: .moved
            case .stop: .stopped
            }
        return Receipt.Entry(
            listener: step.listener, outcome: outcome, detail: detail(step), moves: moves[step.listener],
            state: stateMoves[step.listener])
    }

    private func detail(_ step: ReloadPlan.Step) -> String {
        guard let listener = server.listeners[step.listener] else { return "" }
        let generation = listener.candidate?.generation ?? listener.current
        let recipe = generation.recipe
        let name = "\(recipe.plugin.name) \(recipe.plugin.version) (\(recipe.image.hash.prefix(12)))"
        if let held = listener.heldBack, step.change == .unchanged || step.change == .start {
            return "\(name), \(held.detail(whileRunning: recipe.image.hash))"
        }
        switch step.change {
        case .stop: return "\(name), \(listener.counts.open) connections continue until they close"
        case .swap where listener.candidate != nil:
            let rollout = recipe.configuration.rollout
            return "\(name), generation \(generation.instance.generation) gets \(rollout.percent) % of new connections "
                + "for \(rollout.hold)"
        case .swap:
            let moves = moves[step.listener] ?? SessionMoves()
            let text =
                "\(name), generation \(generation.instance.generation): migrated \(moves.migrated), "
                + "pinned \(moves.pinned)"
            let waiting = moves.waiting > 0 ? ", waiting \(moves.waiting)" : ""
            return text + waiting
                + (stateMoves[step.listener].map { ", \($0.text)" } ?? leftBehind[step.listener] ?? "")
        case .unchanged, .start, .move: return name
        }
    }
}
