/// The limits of a listener, each with a count of how often it was reached. The names are those of the configuration.
package enum Limit: Int, Sendable, CaseIterable {
    case processConnections, connections, connectionsPerAddress, connectionsPerNetwork
    case acceptRate, requestRate
    case denied, proxyHeader, transport, handshakes, faults
    case handshakeTimeout, firstByteTimeout, idleTimeout, requestTimeout, writeTimeout, lifetime
    case maximumInput, outputHighWater, bufferMemory, workerQueue, groupBacklog
    /// Counted by the host, not by an event loop.
    case logRate, metricSeries

    package var name: String {
        switch self {
        case .processConnections: "max_connections"
        case .connections: "connections"
        case .connectionsPerAddress: "connections_per_address"
        case .connectionsPerNetwork: "connections_per_network"
        case .acceptRate: "accept_rate"
        case .requestRate: "request_rate"
        case .denied: "access"
        case .proxyHeader: "proxy_header"
        case .transport: "tls"
        case .handshakes: "tls.handshakes"
        case .faults: "fault_limit"
        case .handshakeTimeout: "handshake_timeout"
        case .firstByteTimeout: "first_byte_timeout"
        case .idleTimeout: "idle_timeout"
        case .requestTimeout: "request_timeout"
        case .writeTimeout: "write_timeout"
        case .lifetime: "lifetime"
        case .maximumInput: "max_input"
        case .outputHighWater: "output_high_water"
        case .bufferMemory: "max_buffer_memory"
        case .workerQueue: "worker_queue"
        case .groupBacklog: "group_backlog"
        case .logRate: "log_rate"
        case .metricSeries: "metric_series"
        }
    }
}
