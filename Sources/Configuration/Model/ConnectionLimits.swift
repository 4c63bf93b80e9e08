/// How many resources one listener's connections may use.
package struct ConnectionLimits: Sendable, Equatable {
    /// What happens to a new connection, or to a peer that sends requests too fast, when a limit is reached.
    package enum OnLimit: String, Sendable, CaseIterable {
        /// Peers wait in the accept queue; requests are read later.
        case wait
        /// Peers are refused.
        case refuse
    }

    /// 0: only the limit of the process applies.
    package var connections: Int
    /// Of one peer address; 0: no limit.
    package var connectionsPerAddress: Int
    /// Of one IPv6 network of 64 bits; 0: no limit.
    package var connectionsPerNetwork: Int
    /// New connections per second; 0: no limit.
    package var acceptRate: Int
    /// New connections at once before the rate applies; 0: as many as may arrive in a second.
    package var acceptBurst: Int
    /// Requests per second from one peer address, or one IPv6 network of 64 bits; 0: no limit.
    package var requestRate: Int
    /// Requests at once before the rate applies; 0: as many as may arrive in a second.
    package var requestBurst: Int
    /// How long the request rate may make a connection wait.
    package var requestWait: Duration
    package var onLimit: OnLimit
    /// From accept to the end of what precedes the protocol (a PROXY header). Zero means no timeout, as for all timeouts below.
    package var handshakeTimeout: Duration
    /// From accept to the first byte.
    package var firstByteTimeout: Duration
    package var idleTimeout: Duration
    /// From the first byte of a message to its last.
    package var requestTimeout: Duration
    /// So many bytes of a message give it another second; 0: they give none.
    package var requestMinimumRate: Int
    /// How long a peer may read none of its pending output.
    package var writeTimeout: Duration
    /// From accept to the end, even for an active connection.
    package var lifetime: Duration
    /// Bytes of input that the plugin has not consumed.
    package var maximumInput: Int
    /// Bytes of pending output at which reading from the peer pauses.
    package var outputHighWater: Int
    /// Bytes of pending output at which reading resumes; below `outputHighWater`.
    package var outputLowWater: Int
    /// A callback that runs longer is logged. Zero: never.
    package var callbackWarning: Duration
    /// A callback of a connection that runs longer ends the host. Zero: none does.
    package var hangTimeout: Duration
    /// Crashes of the plugin within `crashWindow` at which its previous generation takes its place; 0: never.
    package var crashLimit: Int
    package var crashWindow: Duration
    /// Broken rules of the ABI within `faultWindow` at which the listener refuses new connections for the same time; 0: never.
    package var faultLimit: Int
    package var faultWindow: Duration
    /// The least share of broken rules among the connections and requests of the window, 0 to 1.
    package var faultShare: Double
    /// Percent of the worker pool.
    package var workersShare: Int
    /// Lines per second that the plugin may log; 0: no limit.
    package var logRate: Int
    /// The series of each metric with labels.
    package var metricSeries: Int
}

extension ConnectionLimits {
    static let builtInTable = ConfigurationTable.builtIn(schema)
    package static let builtIn = ConnectionLimits(LayeredTable([builtInTable]))

    init(_ table: LayeredTable) {
        connections = table.integer("connections")
        connectionsPerAddress = table.integer("connections_per_address")
        connectionsPerNetwork = table.integer("connections_per_network")
        acceptRate = table.integer("accept_rate")
        acceptBurst = table.integer("accept_burst")
        requestRate = table.integer("request_rate")
        requestBurst = table.integer("request_burst")
        requestWait = table.duration("request_wait")
        // The schema allows only these cases.
        onLimit = OnLimit(rawValue: table.text("on_limit")) ?? .wait
        handshakeTimeout = table.duration("handshake_timeout")
        firstByteTimeout = table.duration("first_byte_timeout")
        idleTimeout = table.duration("idle_timeout")
        requestTimeout = table.duration("request_timeout")
        requestMinimumRate = table.integer("request_min_rate")
        writeTimeout = table.duration("write_timeout")
        lifetime = table.duration("lifetime")
        maximumInput = table.integer("max_input")
        outputHighWater = table.integer("output_high_water")
        outputLowWater = table.integer("output_low_water")
        callbackWarning = table.duration("callback_warning")
        hangTimeout = table.duration("hang_timeout")
        crashLimit = table.integer("crash_limit")
        crashWindow = table.duration("crash_window")
        faultLimit = table.integer("fault_limit")
        faultWindow = table.duration("fault_window")
        faultShare = table.number("fault_share")
        workersShare = table.integer("workers_share")
        logRate = table.integer("log_rate")
        metricSeries = table.integer("metric_series")
    }
}
