/// What happens to the connections of a listener when a reload gives it a new generation.
package struct ReloadPolicy: Sendable, Equatable {
    package enum OnReload: String, Sendable, CaseIterable {
        /// Sessions move to the new generation at their next quiet moment; one that cannot stays where it is.
        case migrate
        /// Sessions stay with their generation until they close.
        case pin
        /// The old generation is told to finish, and cut at `drainTimeout`.
        case drain
    }

    package var onReload: OnReload
    package var drainTimeout: Duration
    /// Generations that may live at a time; the oldest is drained when there are more.
    package var maximumGenerations: Int
}

extension ReloadPolicy {
    /// Keys at the top level of a listener's file.
    static let schema = OptionSchema([
        OptionDescription(
            "on_reload", .text, default: #""migrate""#, choices: OnReload.allCases.map(\.rawValue),
            help:
                "What becomes of open connections when the listener gets a new generation: their sessions move to it, "
                + "stay with the old one, or are told to finish."),
        OptionDescription(
            "drain_timeout", .duration, default: #""30s""#, minimum: 0, maximum: .days(1),
            help: "When a generation that was told to finish is cut."),
        OptionDescription(
            "max_generations", .integer, default: "32", minimum: 1, maximum: 1_000,
            help: "Generations that may live at a time; when there are more the oldest is told to finish."),
    ])

    init(_ table: LayeredTable) {
        // The schema's choices are these cases.
        onReload = OnReload(rawValue: table.text("on_reload")) ?? .migrate
        drainTimeout = table.duration("drain_timeout")
        maximumGenerations = table.integer("max_generations")
    }
}
