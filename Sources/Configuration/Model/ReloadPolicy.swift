/// What happens to the connections of a listener when a reload gives it a new generation.
package struct ReloadPolicy: Sendable, Equatable {
    package enum OnReload: String, Sendable, CaseIterable {
        /// Sessions move to the new generation at their next quiet moment; a session that cannot move stays.
        case migrate
        /// Sessions stay with their generation until they close.
        case pin
        /// The old generation is asked to finish, and is cut after `drainTimeout`.
        case drain
    }

    package var onReload: OnReload
    package var drainTimeout: Duration
    /// How long the callbacks of the listener may stand still while the state of its plugin moves.
    package var stateTimeout: Duration
    /// Maximum number of live generations; when there are more, the oldest is drained.
    package var maximumGenerations: Int
}

extension ReloadPolicy {
    /// Keys at the top level of a listener's file.
    static let schema = OptionSchema([
        OptionDescription(
            "on_reload", .text, default: #""migrate""#, choices: OnReload.allCases.map(\.rawValue),
            help:
                "What happens to open connections when the listener gets a new generation: `migrate` moves their "
                + "sessions to it, `pin` leaves them with the old one, `drain` asks them to finish."),
        OptionDescription(
            "drain_timeout", .duration, default: #""30s""#, minimum: 0, maximum: .days(1),
            help: "How long a generation that was asked to finish may take before it is cut."),
        OptionDescription(
            "state_timeout", .duration, default: #""10s""#, minimum: 1, maximum: .days(1),
            help:
                "How long the callbacks of the listener may stand still while the state of its plugin moves to a new "
                + "generation. If it takes longer, the reload is undone."),
        OptionDescription(
            "max_generations", .integer, default: "32", minimum: 1, maximum: 1_000,
            help: "Maximum number of live generations; when there are more, the oldest is drained."),
    ])

    init(_ table: LayeredTable) {
        // The schema allows only these cases.
        onReload = OnReload(rawValue: table.text("on_reload")) ?? .migrate
        drainTimeout = table.duration("drain_timeout")
        stateTimeout = table.duration("state_timeout")
        maximumGenerations = table.integer("max_generations")
    }
}
