import Addresses
import Configuration
import HostInterface
import Instances
import Listening
import PluginHost
import TLS

/// A listening address in use.
struct OpenAddress {
    /// Bound on the control side, which keeps it: the runtime has duplicates of its descriptors, and may end.
    var group: ListeningSocketGroup
    /// With the name that the file gives it now. `pointSockets` passes the name on to the sockets.
    var endpoint: Endpoint
    var sockets: any RuntimeAddress
}

/// A generation, and what it was made from, which is enough to make it again.
struct Generation: Sendable {
    let instance: any RuntimeInstance
    var recipe: PreparedListener
}

/// A generation on trial: it gets a share of the new connections until it takes over or is withdrawn.
struct Candidate {
    var generation: Generation
    let began = MonotonicTime.now()
    /// Its hold time is over and it waits for connections. This has been logged.
    var waits = false
}

/// A running listener: its generations, its sockets, and what outlives both. Used on the control thread only.
final class RunningListener {
    let name: String
    /// Gets new connections, except a candidate's share.
    var current: Generation
    var candidate: Candidate?
    /// What ran before `current`. A rollback makes it again.
    var previous: PreparedListener?
    /// What a rollback or an aborted trial replaced.
    var heldBack: HeldBack?
    /// Earlier generations that still have connections or expect work.
    var retired: [Generation] = []
    /// By configured address.
    var addresses: [ListenAddress: OpenAddress] = [:]
    private(set) var runtime: any RuntimeListener
    let host: RunningHost
    /// Its file is gone or disabled. The listener ends with its last connection.
    var isStopping = false
    /// Counters of generations that have ended.
    var past = ConnectionCounts()
    private var lastGeneration: Int

    /// What its runtime has.
    var security: TLSMaterial?

    init(_ current: Generation, _ runtime: any RuntimeListener, in host: RunningHost) {
        security = current.recipe.security
        self.host = host
        name = current.recipe.configuration.name
        self.current = current
        self.runtime = runtime
        lastGeneration = current.instance.generation
    }

    var configuration: ListenerConfiguration { current.recipe.configuration }

    /// What a reload compares with the folder. A candidate counts as if it had taken over.
    var state: ListenerState { (candidate?.generation ?? current).recipe.state }

    /// Of a candidate, or of the current generation.
    var latestRecipe: PreparedListener { (candidate?.generation ?? current).recipe }

    /// Those that get new connections: the current one and a candidate.
    var serving: [Generation] { [current] + (candidate.map { [$0.generation] } ?? []) }

    /// All live generations, the retired ones first.
    var generations: [Generation] { isStopping ? retired : retired + serving }

    var counts: ConnectionCounts { generations.reduce(past) { $0 + $1.instance.counts } }

    /// Where the next connections go.
    var target: SocketTarget {
        SocketTarget(
            current: current.instance, candidate: candidate?.generation.instance,
            share: candidate?.generation.recipe.configuration.rollout.percent ?? 0)
    }

    /// When a runtime has ended, its instances have too, with their connections. A retired one is gone at once, the others when others take
    /// their place.
    func loseRetired() {
        for generation in retired where generation.instance.isOver { forget(generation.instance) }
        retired.removeAll { $0.instance.isOver }
    }

    /// Its part of another runtime.
    func renewRuntime(_ runtime: any RuntimeListener) { (self.runtime, security) = (runtime, latestRecipe.security) }

    /// Another instance takes the place of one that has ended with its runtime.
    func replaceCurrent(by new: Generation) {
        forget(current.instance)
        current = new
    }

    func replaceCandidate(by new: Generation) {
        if let candidate { forget(candidate.generation.instance) }
        candidate?.generation = new
    }

    func loseCandidate() {
        if let candidate { forget(candidate.generation.instance) }
        candidate = nil
    }

    /// Only the counters of an instance stay.
    private func forget(_ instance: any RuntimeInstance) {
        var counts = instance.counts
        (counts.open, counts.loans) = (0, 0)
        past = past + counts
    }

    /// The number for the next generation. Numbers of withdrawn candidates are not used again.
    func nextGeneration() -> Int {
        lastGeneration += 1
        return lastGeneration
    }
}
