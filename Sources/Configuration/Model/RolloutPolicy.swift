/// How a new generation of a listener takes over: at once, or as a canary that gets a share of the new connections first.
package struct RolloutPolicy: Sendable, Equatable {
    /// Percent of new connections that go to the canary; 100 means no canary.
    package var percent: Int
    /// How long the canary is watched before it takes over.
    package var hold: Duration
    /// Connections that the canary must have had before it takes over; 0: time alone decides.
    package var minimumConnections: Int
    /// A callback of the canary that runs longer counts as slow.
    package var slowCallback: Duration
    /// Aborts the canary: share of its requests that fail, from 0 to 1.
    package var abortErrorRate: Double
    /// Aborts the canary: slow callbacks; 0: never.
    package var abortSlowCallbacks: Int
    /// Aborts the canary: broken rules of the ABI; 0: never.
    package var abortFaults: Int

    package var isCanary: Bool { percent < 100 }
}

extension RolloutPolicy {
    /// The table `[rollout]` of a listener.
    static let schema = OptionSchema([
        OptionDescription(
            "percent", .integer, default: "100", minimum: 1, maximum: 100,
            help: "Percent of new connections that a new generation gets during its trial; 100 takes over at once."),
        OptionDescription(
            "hold", .duration, default: #""60s""#, minimum: .milliseconds(100), maximum: .days(7),
            help: "How long a new generation is watched before it takes over."),
        OptionDescription(
            "min_connections", .integer, default: "1", minimum: 0, maximum: 1_000_000_000,
            help:
                "Connections that the new generation must have had before it takes over: with fewer it stays on "
                + "trial after `hold`; 0 lets time alone decide."),
        OptionDescription(
            "slow_callback", .duration, default: #""50ms""#, minimum: .milliseconds(1), maximum: .hours(1),
            help: "A callback of the new generation that runs longer counts as slow."),
        OptionDescription("abort_on", .table(abortSchema), help: "What sends everything back to the old generation."),
    ])

    private static let abortSchema = OptionSchema([
        OptionDescription(
            "error_rate", .number, default: "0.05",
            help: "Share of requests that fail, 0 to 1, once there have been 20; 1 is never."),
        OptionDescription(
            "slow_callbacks", .integer, default: "0", minimum: 0, maximum: 1_000_000,
            help: "Slow callbacks; 0 is never."),
        OptionDescription(
            "faults", .integer, default: "1", minimum: 0, maximum: 1_000_000,
            help: "Broken rules of the plugin ABI; 0 is never."),
    ])

    private static let builtInTable = ConfigurationTable.builtIn(schema)
    private static let builtInAbort = ConfigurationTable.builtIn(abortSchema)

    /// From the table `[rollout]` of a file, checked.
    package init(_ table: ConfigurationTable) {
        let layers = LayeredTable([table, Self.builtInTable])
        percent = layers.integer("percent")
        hold = layers.duration("hold")
        minimumConnections = layers.integer("min_connections")
        slowCallback = layers.duration("slow_callback")
        let abort = LayeredTable([table.child("abort_on"), Self.builtInAbort])
        abortErrorRate = abort.number("error_rate")
        abortSlowCallbacks = abort.integer("slow_callbacks")
        abortFaults = abort.integer("faults")
    }
}
