extension ListenerConfiguration {
    /// A file of `plugins.d`.
    static let schema = OptionSchema(
        ownOptions + ReloadPolicy.schema.options + [
            OptionDescription("socket", .table(SocketOptions.schema), help: "How its sockets are set up."),
            OptionDescription(
                "tls", .textOrTable(TLSPolicy.schema), choices: [TLSPolicy.selfSigned],
                help:
                    "How its connections are encrypted; without it they are not. `\"self-signed\"` makes a certificate for development."
            ),
            OptionDescription("limits", .table(ConnectionLimits.schema), help: "What its connections may cost."),
            OptionDescription("access", .table(AccessPolicy.schema), help: "Who may connect."),
            OptionDescription("rollout", .table(RolloutPolicy.schema), help: "How a new generation takes over."),
            OptionDescription("options", .anything, help: "The plugin's own table."),
        ])

    private static let ownOptions = [
        OptionDescription(
            "plugin", .path, required: true, help: "The plugin; relative to the folder of this file."),
        OptionDescription(
            "listen", .textsOrTables(Endpoint.schema), required: true, maximumCount: 256,
            help: "Where to listen: `127.0.0.1:80`, `[::1]:80`, `*:80` or `[::]:80` (IPv4 and IPv6), `unix:/path`, "
                + "`unix:@name` (abstract). Port 0 takes a free port. At most 256. A table `[[listen]]` also gives the "
                + "address a name."),
        OptionDescription("enabled", .boolean, default: "true", help: "Whether the listener is started."),
        OptionDescription(
            "exercise", .boolean, default: "true",
            help:
                "Whether new content of the plugin is tried against scripted peers in a child process before it is "
                + "loaded. A plugin that crashes, hangs or breaks a rule there is refused."),
        OptionDescription(
            "dispatch", .text, default: #""auto""#, choices: Dispatch.allCases.map(\.rawValue),
            help:
                "Where the plugin's callbacks run: `loops` is the event loops; `workers` is the worker pool, where "
                + "they may block; `auto` is what the plugin needs, the loops if it can run on both."),
        OptionDescription(
            "isolation", .text, default: #""shared""#,
            help:
                "The host that runs the plugin: `shared` is the host of all listeners that do not say otherwise; `process` is one of "
                + "its own; any other name is that of a host for all listeners that give it. A crash or a hang ends one host."
        ),
        OptionDescription(
            "users", .text, default: #""""#,
            help:
                "The name of a database of martlet.toml with the users that may use the listener (`martlet users`). Empty: it has no "
                + "users, and whoever reaches it may use it. A plugin that does not know users is refused."),
    ]

    static let builtInTable = ConfigurationTable.builtIn(schema)
}
