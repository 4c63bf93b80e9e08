extension SimulatedHost {
    /// The lines that the plugin logged.
    public var logs: [LogRecord] { telemetry.logs }

    /// Rules that the plugin has broken, with what the texts of `problems` leave out.
    package var violations: [Violation] { telemetry.violations }

    /// All metrics by name.
    public var metrics: [String: Int64] { telemetry.metrics }

    /// nil: the plugin registered none of this name.
    public func metric(_ name: String) -> Int64? { metrics[name] }

    /// Time since the host started.
    public var elapsed: Duration { .nanoseconds(Int64(nanoseconds - 1_000_000_000_000)) }
}
