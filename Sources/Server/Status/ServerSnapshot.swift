import Configuration
import Engine
import HostInterface
import Instances
import PluginHost
import Synchronization

/// The control thread's state after its last task. Status and metrics are built from it and from the loops' pages, so they are
/// answered even while the control thread, a loop or a plugin is stuck.
struct ServerSnapshot: Sendable {
    struct Generation: Sendable {
        let instance: any RuntimeInstance
        let recipe: PreparedListener
        let isDraining: Bool
    }

    struct Listener: Sendable {
        let configuration: ListenerConfiguration
        let current: Generation
        let candidate: Generation?
        /// Percentage of new connections that the candidate gets.
        let share: Int
        /// Oldest first.
        let retired: [Generation]
        let isStopping: Bool
        let endpoints: [StatusReport.Endpoint]
        /// Counters of generations that have ended.
        let past: ConnectionCounts
        let runtime: any RuntimeListener
        let host: RunningHost
        /// What the folder asks for, but a reload does not start.
        let heldBack: HeldBack?

        var name: String { configuration.name }

        /// The live generations, in the order of `RunningListener.generations`.
        var generations: [Generation] {
            isStopping ? retired : retired + [current] + (candidate.map { [$0] } ?? [])
        }

        var counts: ConnectionCounts { generations.reduce(past) { $0 + $1.instance.counts } }
    }

    /// Sorted by name.
    var listeners: [Listener] = []
    var receipts: [Receipt] = []
    var results: [Receipt.Result: Int] = [:]
    var connectionLimit = 0
    /// The configuration has a database.
    var hasDatabases = false
    var shutdownTimeout = Duration.zero
    var sessionMoves = SessionMoves()
    /// Of all hosts that have died.
    var succession = Succession()
}

extension Server {
    /// Called after each task of the control thread.
    func publish() {
        let snapshot = ServerSnapshot(
            listeners: listeners.values.sorted { $0.name < $1.name }.map(\.snapshot), receipts: receipts,
            results: results, connectionLimit: process.maximumConnections, hasDatabases: !process.databases.isEmpty,
            shutdownTimeout: process.shutdownTimeout,
            sessionMoves: sessionMoves, succession: succession)
        published.withLock { $0 = snapshot }
    }

    /// From any thread.
    var snapshot: ServerSnapshot { published.withLock { $0 } }
}

extension RunningListener {
    fileprivate var snapshot: ServerSnapshot.Listener {
        func snapshot(_ generation: Generation) -> ServerSnapshot.Generation {
            ServerSnapshot.Generation(
                instance: generation.instance, recipe: generation.recipe, isDraining: generation.instance.isDraining)
        }
        return ServerSnapshot.Listener(
            configuration: configuration, current: snapshot(current),
            candidate: candidate.map { snapshot($0.generation) }, share: target.share,
            retired: retired.map(snapshot), isStopping: isStopping,
            endpoints: addresses.values.map(StatusReport.Endpoint.init).sorted { $0.address < $1.address },
            past: past, runtime: runtime, host: host, heldBack: heldBack)
    }
}

extension StatusReport.Endpoint {
    fileprivate init(_ open: OpenAddress) {
        self.init(address: open.group.address.boundDescription, name: open.endpoint.isNamed ? open.endpoint.name : nil)
    }
}
