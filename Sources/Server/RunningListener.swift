import Configuration
import Engine
import PluginHost
import Telemetry

/// A listening address in use: its sockets on the event loops.
struct OpenAddress: @unchecked Sendable {
    let group: ListeningSocketGroup
    /// One for each loop, in their order.
    let sockets: [ListeningSocketPointer]
}

/// A listener that runs: its generations, its sockets and what outlives both. Touched on the control thread only.
final class RunningListener {
    var configuration: ListenerConfiguration
    /// Gets the next connections.
    var current: PluginInstance
    /// Earlier generations that still have connections or expect work.
    var retired: [PluginInstance] = []
    /// By the address that the configuration asks for.
    var addresses: [ListenAddress: OpenAddress] = [:]
    let quota: ConnectionQuota
    let registry: MetricRegistry
    /// Its file is gone, or disabled: it ends with its last connection.
    var isStopping = false
    /// Counters of generations that are no more.
    var past = ConnectionCounts()

    init(
        configuration: ListenerConfiguration, current: PluginInstance, quota: ConnectionQuota, registry: MetricRegistry
    ) {
        self.configuration = configuration
        self.current = current
        self.quota = quota
        self.registry = registry
    }

    var state: ListenerState {
        ListenerState(name: configuration.name, hash: current.image.hash, configuration: configuration)
    }

    var counts: ConnectionCounts {
        retired.reduce(isStopping ? past : past + current.counts) { $0 + $1.counts }
    }
}
