extension ProcessConfiguration {
    /// The most event loops. unix(7): a process passes at most 253 descriptors to another at once, and each loop has a listening socket of
    /// each address.
    package static let loopLimit = 252

    /// `martlet.toml`.
    static let schema = OptionSchema([
        OptionDescription(
            "loops", .integer, default: "0", minimum: 0, maximum: Int64(loopLimit),
            help: "Event loops; 0 is one per core, but at most 252."),
        OptionDescription(
            "workers", .integer, default: "16", minimum: 1, maximum: 1024,
            help:
                "Maximum number of threads for work that may block. They start when work waits and stop when there "
                + "is none."),
        OptionDescription(
            "workers_min", .integer, default: "1", minimum: 0, maximum: 1024,
            help: "Minimum number of threads for work that may block, at most `workers`."),
        OptionDescription(
            "worker_growth_delay", .duration, default: #""0s""#, minimum: 0, maximum: .minutes(1),
            help: "How long a job waits for a free thread before another thread starts; \"0s\" starts it at once."),
        OptionDescription(
            "worker_idle_timeout", .duration, default: #""30s""#, minimum: .milliseconds(100), maximum: .days(1),
            help: "A thread above workers_min that has had nothing to do for this long stops."),
        OptionDescription(
            "worker_warning", .duration, default: #""30s""#, minimum: 0, maximum: .days(1),
            help: "A job that runs longer is logged, at most once a minute; \"0s\" is off."),
        OptionDescription(
            "worker_queue", .integer, default: "1024", minimum: 1, maximum: 1_048_576,
            help: "Jobs that may wait for a worker."),
        OptionDescription(
            "loop_queue", .integer, default: "65536", minimum: 16, maximum: 16_777_216,
            help:
                "Posts and completions of plugins that may wait for one event loop; a plugin that posts more gets "
                + "BUSY."),
        OptionDescription(
            "loop_timeout", .duration, default: #""5s""#, minimum: .milliseconds(50), maximum: .minutes(10),
            help:
                "An event loop that does not answer for this long is stuck: reloads are refused, and other loops "
                + "take its new peers until it turns again."),
        OptionDescription(
            "plugin_timeout", .duration, default: #""30s""#, minimum: .milliseconds(50), maximum: .hours(1),
            help: "How long `create`, `destroy` and an operation of a plugin may take."),
        OptionDescription(
            "max_connections", .integer, default: "16384", minimum: 1, maximum: 10_000_000,
            help: "Open connections of all listeners together."),
        OptionDescription(
            "max_buffer_memory", .size, default: #""512MiB""#, minimum: 0, maximum: .gibibytes(1024),
            help:
                "Memory for pending input and output of all connections together. At this limit a connection that "
                + "needs more is closed, and no new ones are accepted; 0 is no limit."),
        OptionDescription(
            "memory_limit", .size, default: #""0B""#, minimum: 0, maximum: .gibibytes(1024),
            help: "Resident memory at which a host is ended, as by a crash, and started again; 0 is no limit."),
        OptionDescription(
            "max_retired_images", .integer, default: "32", minimum: 0, maximum: 1_000_000,
            help:
                "Replaced plugins of which the code stays mapped, as that of Swift plugins does. A host with more is renewed: its connections "
                + "go on in a fresh process. 0 is no limit."),
        OptionDescription(
            "orphan_timeout", .duration, default: #""1h""#, minimum: 0, maximum: .days(365),
            help:
                "How long hosts go on serving after their server was killed, for the next `martlet serve` to take over; \"0s\" ends them "
                + "with it."),
        OptionDescription(
            "process_limit", .integer, default: "0", minimum: 0, maximum: 4_194_304,
            help:
                "Processes and threads that the user of the hosts may have, all its programs together; a host that has started half of them "
                + "ends when no more are left. 0 is no limit. Root has none, so set `user` too."),
        OptionDescription(
            "user", .text, default: #""""#,
            help:
                "User that hosts run as, if the server is started by root: its name or number. Empty is the server's own user. "
                + "Plugins then have the rights of this user."),
        OptionDescription(
            "group", .text, default: #""""#, help: "Group that hosts run as; empty is the user's own."),
        OptionDescription(
            "shutdown_timeout", .duration, default: #""30s""#, minimum: 0, maximum: .days(365),
            help: "How long a stopping server waits for its connections."),
        OptionDescription(
            "runtime_directory", .path, default: #""""#,
            help:
                "Folder for private images and the control socket; empty is /run/martlet for root, else "
                + "$XDG_RUNTIME_DIR/martlet."),
        OptionDescription(
            "state_directory", .path, default: #""""#,
            help:
                "Folder for state that outlives the server; empty is /var/lib/martlet for root, else "
                + "$XDG_STATE_HOME/martlet, else ~/.local/state/martlet."),
        OptionDescription(
            "control_socket", .path, default: #""""#, help: "Empty is a socket inside the runtime directory."),
        OptionDescription(
            "metrics_listen", .text, default: #""""#,
            help:
                "Where Prometheus finds `/metrics`: an address as in `listen` of a listener, such as `127.0.0.1:9464`; empty is "
                + "nowhere."),
        OptionDescription(
            "probe_timeout", .duration, default: #""5s""#, minimum: .milliseconds(100), maximum: .minutes(10),
            help: "How long the probe of a new image may take."),
        OptionDescription(
            "probe_memory", .size, default: #""1GiB""#, minimum: .mebibytes(64), maximum: .gibibytes(1024),
            help: "Memory the probe of a new image may use."),
        OptionDescription(
            "log_level", .text, default: #""info""#, choices: LogLevel.allCases.map(\.rawValue),
            help: "The least severe message that is logged."),
        OptionDescription(
            "log_format", .text, default: #""text""#, choices: LogFormat.allCases.map(\.rawValue),
            help: "One line of text or one JSON object per message."),
        OptionDescription(
            "log_file", .path, default: #""""#,
            help:
                "File to which log lines are appended, mode 0640; SIGUSR1 reopens it, for logrotate. Empty is "
                + "standard error."),
        OptionDescription(
            "cpu_affinity", .list(.integer), default: "[]", minimum: 0, maximum: 1023,
            help:
                "Cores that the process may use: event loop i runs on the i-th core, starting over after the last; "
                + "empty leaves it to the kernel."),
        OptionDescription(
            "trusted_keys", .list(.text), default: "[]",
            help:
                "Ed25519 public keys in base64, each with an optional comment after a space. If any are listed, "
                + "every plugin needs a signature by one of them."),
        OptionDescription(
            "databases", .namedTables(DatabaseConfiguration.schema),
            help: "Pools of connections to databases, which plugins open by these names."),
        OptionDescription("defaults", .table(defaults), help: "What listeners get that do not say otherwise."),
    ])

    private static let defaults = OptionSchema([
        OptionDescription("socket", .table(SocketOptions.schema), help: "As [socket] of a listener."),
        OptionDescription("limits", .table(ConnectionLimits.schema), help: "As [limits] of a listener."),
        OptionDescription("access", .table(AccessPolicy.schema), help: "As [access] of a listener."),
    ])
}
