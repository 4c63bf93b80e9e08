import Addresses
import Configuration
import HostInterface
import Instances
import Listening
import PluginHost

/// A listening address in use.
struct OpenAddress {
    /// Bound on the control side. The runtime accepts from its descriptors and closes them.
    var group: ListeningSocketGroup
    /// With the name that the file gives it now. `pointSockets` passes the name on to the sockets.
    var endpoint: Endpoint
    let sockets: any RuntimeAddress
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
    let runtime: any RuntimeListener
    /// Its file is gone or disabled. The listener ends with its last connection.
    var isStopping = false
    /// Counters of generations that have ended.
    var past = ConnectionCounts()
    private var lastGeneration: Int

    init(_ current: Generation, _ runtime: any RuntimeListener) {
        name = current.recipe.configuration.name
        self.current = current
        self.runtime = runtime
        lastGeneration = current.instance.generation
    }

    var configuration: ListenerConfiguration { current.recipe.configuration }

    /// What a reload compares with the folder. A candidate counts as if it had taken over.
    var state: ListenerState { (candidate?.generation ?? current).recipe.state }

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

    /// The number for the next generation. Numbers of withdrawn candidates are not used again.
    func nextGeneration() -> Int {
        lastGeneration += 1
        return lastGeneration
    }
}
