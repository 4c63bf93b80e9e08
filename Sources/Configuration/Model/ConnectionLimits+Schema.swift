extension ConnectionLimits {
    /// The table `[limits]` of a listener and `[defaults.limits]` of the process.
    static let schema = OptionSchema(
        admission + timeouts + [
            OptionDescription(
                "max_input", .size, default: #""1MiB""#, minimum: .kibibytes(1), maximum: .gibibytes(1),
                help: "Input of a connection that the plugin has not consumed."),
            OptionDescription(
                "output_high_water", .size, default: #""256KiB""#, minimum: .kibibytes(4), maximum: .gibibytes(1),
                help: "Pending output at which reading from the peer pauses."),
            OptionDescription(
                "output_low_water", .size, default: #""64KiB""#, minimum: 0, maximum: .gibibytes(1),
                help: "Pending output at which reading resumes; must be below output_high_water."),
            OptionDescription(
                "callback_warning", .duration, default: #""100ms""#, minimum: 0, maximum: .hours(1),
                help: "A plugin callback that runs longer is logged, at most once a minute; \"0s\" is off."),
            OptionDescription(
                "hang_timeout", .duration, default: #""30s""#, minimum: 0, maximum: .days(1),
                help:
                    "A callback of a connection that runs longer ends the host, as a crash would; \"0s\" is off. "
                    + "Submitted work may run as long as it likes."),
            OptionDescription(
                "crash_limit", .integer, default: "3", minimum: 0, maximum: 1_000_000,
                help:
                    "Crashes of the plugin within crash_window at which its previous generation takes its place; without "
                    + "one the listener stops. 0 is off."),
            OptionDescription(
                "crash_window", .duration, default: #""60s""#, minimum: .milliseconds(100), maximum: .days(1),
                help: "How long a crash counts."),
            OptionDescription(
                "fault_limit", .integer, default: "100", minimum: 0, maximum: 1_000_000_000,
                help:
                    "Broken rules of the plugin ABI within fault_window at which the listener refuses new "
                    + "connections for the same time; 0 is off. One peer address (or IPv6 /64) counts for at most a "
                    + "tenth of the limit."),
            OptionDescription(
                "fault_window", .duration, default: #""10s""#, minimum: .milliseconds(100), maximum: .hours(1),
                help: "How long faults are counted, and how long the listener then refuses."),
            OptionDescription(
                "fault_share", .number, default: "0.5",
                help:
                    "Share of broken rules among the connections and requests of fault_window, 0 to 1. Below it "
                    + "the listener refuses nothing, whatever their number."),
            OptionDescription(
                "workers_share", .integer, default: "75", minimum: 1, maximum: 100,
                help: "Percent of the workers, and of their queue, that this listener may use; at least one."),
            OptionDescription(
                "log_rate", .integer, default: "100", minimum: 0, maximum: 1_000_000,
                help:
                    "Lines per second that each generation of the plugin may log, and ten times as many in a "
                    + "burst; the rest is counted and not written. 0 is no limit."),
            OptionDescription(
                "metric_series", .integer, default: "1000", minimum: 1, maximum: 10_000,
                help:
                    "Combinations of label values that each metric of the plugin may have; any further one is counted "
                    + "as other=\"true\"."),
        ])

    private static let admission = [
        OptionDescription(
            "connections", .integer, default: "0", minimum: 0, maximum: 10_000_000,
            help: "Open connections of this listener; 0 leaves only the limit of the process."),
        OptionDescription(
            "connections_per_address", .integer, default: "0", minimum: 0, maximum: 10_000_000,
            help: "Open connections of one peer address; more are refused. 0 is no limit."),
        OptionDescription(
            "connections_per_network", .integer, default: "0", minimum: 0, maximum: 10_000_000,
            help: "Open connections of one IPv6 /64; more are refused. 0 is no limit."),
        OptionDescription(
            "accept_rate", .integer, default: "0", minimum: 0, maximum: 10_000_000,
            help: "New connections per second; 0 is no limit."),
        OptionDescription(
            "accept_burst", .integer, default: "0", minimum: 0, maximum: 10_000_000,
            help: "New connections that may arrive at once; 0 is as many as accept_rate."),
        OptionDescription(
            "request_rate", .integer, default: "0", minimum: 0, maximum: 10_000_000,
            help: "Requests per second from one peer address or one IPv6 /64; 0 is no limit."),
        OptionDescription(
            "request_burst", .integer, default: "0", minimum: 0, maximum: 10_000_000,
            help: "Requests that may arrive at once; 0 is as many as request_rate."),
        OptionDescription(
            "request_wait", .duration, default: #""60s""#, minimum: 0, maximum: .days(1),
            help: "Close a connection that request_rate has made wait for this long; \"0s\" is off."),
        OptionDescription(
            "on_limit", .text, default: #""wait""#, choices: OnLimit.allCases.map(\.rawValue),
            help:
                "At connections, accept_rate and request_rate: `wait` leaves new peers in the accept queue and "
                + "reads further requests later; `refuse` refuses both and closes the connection."),
    ]

    private static let timeouts = [
        OptionDescription(
            "handshake_timeout", .duration, default: #""10s""#, minimum: 0, maximum: .days(365),
            help:
                "Close a connection whose PROXY header or TLS handshake is not complete within this time; \"0s\" is off."
        ),
        OptionDescription(
            "first_byte_timeout", .duration, default: #""30s""#, minimum: 0, maximum: .days(365),
            help: "Close a connection that has sent nothing within this time; \"0s\" is off."),
        OptionDescription(
            "idle_timeout", .duration, default: #""75s""#, minimum: 0, maximum: .days(365),
            help: "Close a connection on which nothing moves for this long; \"0s\" is off."),
        OptionDescription(
            "request_timeout", .duration, default: #""30s""#, minimum: 0, maximum: .days(365),
            help: "Close a connection that has begun a message and not completed it within this time; \"0s\" is off."),
        OptionDescription(
            "request_min_rate", .size, default: #""1KiB""#, minimum: 0, maximum: .gibibytes(1),
            help: "Each time this many bytes of a message have arrived, it gets another second; 0 gives none."),
        OptionDescription(
            "write_timeout", .duration, default: #""30s""#, minimum: 0, maximum: .days(365),
            help: "Close a connection whose peer reads none of the pending output for this long; \"0s\" is off."),
        OptionDescription(
            "lifetime", .duration, default: #""0s""#, minimum: 0, maximum: .days(365),
            help: "At this age, let a connection finish what it has begun, and close it 5 s later; \"0s\" is off."),
    ]

    /// Checked after layering, because the two marks may come from different files. Only a table that sets one of them gets a
    /// diagnostic: inherited values were checked in their own file.
    func problems(of table: ConfigurationTable, at key: ConfigurationKey, file: String) -> [Diagnostic] {
        guard outputLowWater >= outputHighWater else { return [] }
        let low = SizeText.render(bytes: Int64(outputLowWater))
        let high = SizeText.render(bytes: Int64(outputHighWater))
        let blamed: (key: String, message: String)
        if table["output_low_water"] != nil {
            blamed = ("output_low_water", "expected less than output_high_water, which is \(high), found \(low)")
        } else {
            blamed = ("output_high_water", "expected more than output_low_water, which is \(low), found \(high)")
        }
        guard let value = table[blamed.key] else { return [] }
        return [
            Diagnostic(file: file, position: value.position, key: key.appending(blamed.key), message: blamed.message)
        ]
    }
}
