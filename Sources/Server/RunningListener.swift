import Configuration
import Engine
import Instances
import PluginHost
import Telemetry

/// A listening address in use: its sockets on the event loops.
struct OpenAddress: @unchecked Sendable {
    var group: ListeningSocketGroup
    /// With the name that the file gives it now. `pointSockets` passes the name on to the sockets.
    var endpoint: Endpoint
    /// One for each loop, in the order of the loops.
    var owned: [ListeningSocketPointer]
    /// Sockets that another loop serves because their own loop is stuck.
    var borrowed: [BorrowedSocket] = []

    /// All sockets of the address on one loop.
    func sockets(on loop: Int) -> [ListeningSocketPointer] {
        (loop < owned.count ? [owned[loop]] : []) + borrowed.filter { $0.borrower == loop }.map(\.socket)
    }

    /// The name of the endpoint, as the plugin gets it with each connection.
    var name: UnsafePointer<EndpointName> { EndpointName.interned(endpoint.name) }
}

/// The socket of a stuck loop, on the loop that accepts from it meanwhile.
struct BorrowedSocket: @unchecked Sendable {
    let owner: Int
    let borrower: Int
    let socket: ListeningSocketPointer
}

/// A generation, and what it was made from, which is enough to make it again.
struct Generation {
    let instance: PluginInstance
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
    var retired: [PluginInstance] = []
    /// By configured address.
    var addresses: [ListenAddress: OpenAddress] = [:]
    let admission: Admission
    let registry: MetricRegistry
    /// Its file is gone or disabled. The listener ends with its last connection.
    var isStopping = false
    /// Counters of generations that have ended.
    var past = ConnectionCounts()
    private var lastGeneration: Int

    init(_ current: Generation, admission: Admission, registry: MetricRegistry) {
        name = current.recipe.configuration.name
        self.current = current
        self.admission = admission
        self.registry = registry
        lastGeneration = current.instance.generation
    }

    var configuration: ListenerConfiguration { current.recipe.configuration }

    /// What a reload compares with the folder. A candidate counts as if it had taken over.
    var state: ListenerState { (candidate?.generation ?? current).recipe.state }

    /// All live instances: the retired ones, the current one and a candidate.
    var instances: [PluginInstance] {
        let serving = [current.instance] + (candidate.map { [$0.generation.instance] } ?? [])
        return isStopping ? retired : retired + serving
    }

    var counts: ConnectionCounts { instances.reduce(past) { $0 + $1.counts } }

    /// The number for the next generation. Numbers of withdrawn candidates are not used again.
    func nextGeneration() -> Int {
        lastGeneration += 1
        return lastGeneration
    }
}
