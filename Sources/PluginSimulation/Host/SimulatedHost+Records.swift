extension SimulatedHost {
    /// The lines that the plugin logged, in order. [any]
    public var logs: [LogRecord] { telemetry.logs }

    /// The lines that the plugin logged since the last call.
    public func takeLogs() -> [LogRecord] { telemetry.takeLogs() }

    /// `martlet_log_level` of the lines that are kept.
    package var rawLogLevel: UInt32 {
        get { telemetry.leastLevel }
        set { telemetry.leastLevel = newValue }
    }

    /// Rules that the plugin has broken, with what the texts of `problems` leave out.
    package var violations: [Violation] { telemetry.violations }

    /// All metrics by name, those of earlier generations too.
    public var metrics: [String: Int64] { telemetry.metrics.values }

    /// nil: the plugin registered none of this name.
    public func metric(_ name: String) -> Int64? { metrics[name] }

    /// Time since the host started.
    public var elapsed: Duration { .nanoseconds(Int64(nanoseconds - 1_000_000_000_000)) }
}
