/// What one listener's connections may cost.
package struct ConnectionLimits: Sendable, Equatable {
    /// 0: only the limit of the process counts.
    package var connections: Int
    /// Zero: never.
    package var idleTimeout: Duration
    /// How long a peer may take none of its pending output. Zero: for ever.
    package var writeTimeout: Duration
    /// Bytes of input that the plugin has not consumed.
    package var maximumInput: Int
    /// Bytes of pending output at which reading from the peer pauses.
    package var outputHighWater: Int
    /// Bytes of pending output at which it goes on; below `outputHighWater`.
    package var outputLowWater: Int
}

extension ConnectionLimits {
    static let builtInTable = ConfigurationTable.builtIn(schema)
    package static let builtIn = ConnectionLimits(LayeredTable([builtInTable]))

    init(_ table: LayeredTable) {
        connections = table.integer("connections")
        idleTimeout = table.duration("idle_timeout")
        writeTimeout = table.duration("write_timeout")
        maximumInput = table.integer("max_input")
        outputHighWater = table.integer("output_high_water")
        outputLowWater = table.integer("output_low_water")
    }
}
