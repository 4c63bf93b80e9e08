import MartletKit
// The simulation itself knows nothing of Swift plugins: the host runs the same one in its probe.
@_exported import PluginSimulation

extension SimulatedHost {
    /// Makes an instance of a plugin written with MartletKit.
    ///
    /// - Parameters:
    ///   - plugin: its type; several hosts may have the same.
    ///   - options: a table, checked against the manifest; defaults are filled in.
    ///   - loops: event loops, each with a `LoopState` of its own.
    ///   - limits: what the host holds its connections to.
    public convenience init<P: Plugin>(
        _ plugin: P.Type, options: OptionLiteral = [:], loops: Int = 1, limits: HostLimits = HostLimits()
    ) throws(SimulationError) {
        try self.init(descriptor: exportPlugin(plugin), options: options, loops: loops, limits: limits)
    }

    /// Makes the instance that comes after this one on its listener, as a reload does, of the same or another version of the
    /// plugin: with the same loops, limits, clock, log level and metrics. `swap(to:)` then moves the sessions.
    public func nextGeneration<P: Plugin>(
        _ plugin: P.Type, options: OptionLiteral = [:]
    ) throws(SimulationError) -> SimulatedHost {
        try SimulatedHost(descriptor: exportPlugin(plugin), options: options, after: self)
    }

    /// The least level of log lines that the host keeps, as an operator would set it. `.trace` from the start: all.
    public var logLevel: LogLevel {
        get { LogLevel(rawValue: rawLogLevel) }
        set { rawLogLevel = newValue.rawValue }
    }
}

extension LogRecord {
    /// How much the line matters.
    public var level: LogLevel { LogLevel(rawValue: rawLevel) }

    /// - Parameters:
    ///   - level: how much the line matters.
    ///   - message: without what the host adds.
    public init(_ level: LogLevel, _ message: String) { self.init(rawLevel: level.rawValue, message: message) }
}

extension LengthPrefix {
    /// A frame as a peer sends it: the prefix, then the payload.
    public func frame(_ payload: [UInt8]) -> [UInt8] {
        let length = UInt64(payload.count)
        precondition(length <= largestLength, "\(length) bytes, of which the prefix can say \(largestLength)")
        let bytes = (0..<byteCount).map { UInt8(truncatingIfNeeded: length >> (8 * UInt64($0))) }
        switch self {
        case .uint8, .uint16LittleEndian, .uint32LittleEndian, .uint64LittleEndian: return bytes + payload
        case .uint16BigEndian, .uint32BigEndian, .uint64BigEndian: return bytes.reversed() + payload
        }
    }
}
