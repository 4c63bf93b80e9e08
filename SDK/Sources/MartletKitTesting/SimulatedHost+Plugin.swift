import MartletKit
// The simulation itself knows nothing about Swift plugins: the probe of the host uses the same one.
@_exported import PluginSimulation

extension SimulatedHost {
    /// Creates an instance of a plugin that is written with MartletKit.
    ///
    /// - Parameters:
    ///   - plugin: its type; several hosts may use the same type.
    ///   - options: a table, checked against the manifest; defaults are filled in.
    ///   - loops: the number of event loops; each has its own `LoopState`.
    ///   - limits: the limits of the host's connections.
    public convenience init<P: Plugin>(
        _ plugin: P.Type, options: OptionLiteral = [:], loops: Int = 1, limits: HostLimits = HostLimits()
    ) throws(SimulationError) {
        try self.init(descriptor: exportPlugin(plugin), options: options, loops: loops, limits: limits)
    }

    /// Creates the next instance on the listener of this one, as a reload does, from the same or another version of the
    /// plugin: with the same loops, limits, clock, log level and metrics. `swap(to:)` then moves the sessions.
    public func nextGeneration<P: Plugin>(
        _ plugin: P.Type, options: OptionLiteral = [:]
    ) throws(SimulationError) -> SimulatedHost {
        try SimulatedHost(descriptor: exportPlugin(plugin), options: options, after: self)
    }

    /// The lowest level of log lines that the host keeps, as an operator would set it. Initially `.trace`: all lines.
    public var logLevel: LogLevel {
        get { LogLevel(rawValue: rawLogLevel) }
        set { rawLogLevel = newValue.rawValue }
    }
}

extension LogRecord {
    /// The severity of the line.
    public var level: LogLevel { LogLevel(rawValue: rawLevel) }

    /// - Parameters:
    ///   - level: the severity of the line.
    ///   - message: without the parts that the host adds.
    public init(_ level: LogLevel, _ message: String) { self.init(rawLevel: level.rawValue, message: message) }
}

extension LengthPrefix {
    /// A frame as a peer sends it: the prefix, then the payload.
    public func frame(_ payload: [UInt8]) -> [UInt8] {
        let length = UInt64(payload.count)
        precondition(
            length <= largestLength, "a payload of \(length) bytes: the prefix allows at most \(largestLength)")
        let bytes = (0..<byteCount).map { UInt8(truncatingIfNeeded: length >> (8 * UInt64($0))) }
        switch self {
        case .uint8, .uint16LittleEndian, .uint32LittleEndian, .uint64LittleEndian: return bytes + payload
        case .uint16BigEndian, .uint32BigEndian, .uint64BigEndian: return bytes.reversed() + payload
        }
    }
}
