import Configuration
import Engine
import PluginHost
import Telemetry

/// A listening address in use: its sockets on the event loops.
struct OpenAddress: @unchecked Sendable {
    var group: ListeningSocketGroup
    /// With the name that the file gives it now; `pointSockets` passes that on to the sockets.
    var endpoint: Endpoint
    /// One for each loop, in their order.
    var owned: [ListeningSocketPointer]
    /// Those that another loop looks after, because their own does not turn.
    var borrowed: [BorrowedSocket] = []

    /// All sockets of the address on one loop.
    func sockets(on loop: Int) -> [ListeningSocketPointer] {
        (loop < owned.count ? [owned[loop]] : []) + borrowed.filter { $0.borrower == loop }.map(\.socket)
    }

    /// What the plugin is told of its connections.
    var name: UnsafePointer<EndpointName> { EndpointName.interned(endpoint.name) }
}

/// The socket of a loop that does not turn, on the loop that accepts from it meanwhile.
struct BorrowedSocket: @unchecked Sendable {
    let owner: Int
    let borrower: Int
    let socket: ListeningSocketPointer
}

/// A generation, and what it was made from: enough to make it again.
struct Generation {
    let instance: PluginInstance
    var recipe: PreparedListener
}

/// A generation on trial: it gets a share of the new connections until it takes over or is withdrawn.
struct Candidate {
    var generation: Generation
    let began = MonotonicTime.now()
    /// Its hold is over and it waits for connections; the log has said so.
    var waits = false
}

/// A listener that runs: its generations, its sockets and what outlives both. Touched on the control thread only.
final class RunningListener {
    let name: String
    /// Gets the next connections, but for a candidate's share.
    var current: Generation
    var candidate: Candidate?
    /// What ran before `current`: a rollback makes it again.
    var previous: PreparedListener?
    /// What a rollback, or a trial that was aborted, went back from.
    var heldBack: HeldBack?
    /// Earlier generations that still have connections or expect work.
    var retired: [PluginInstance] = []
    /// By the address that the configuration asks for.
    var addresses: [ListenAddress: OpenAddress] = [:]
    let admission: Admission
    let registry: MetricRegistry
    /// Its file is gone, or disabled: it ends with its last connection.
    var isStopping = false
    /// Counters of generations that are no more.
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

    /// What a reload compares with the folder: a candidate counts as if it had taken over.
    var state: ListenerState { (candidate?.generation ?? current).recipe.state }

    /// Those that serve: the current one, a candidate, and the retired.
    var instances: [PluginInstance] {
        let serving = [current.instance] + (candidate.map { [$0.generation.instance] } ?? [])
        return isStopping ? retired : retired + serving
    }

    var counts: ConnectionCounts { instances.reduce(past) { $0 + $1.counts } }

    /// Number for the next generation; those of candidates that were withdrawn are not used again.
    func nextGeneration() -> Int {
        lastGeneration += 1
        return lastGeneration
    }
}
