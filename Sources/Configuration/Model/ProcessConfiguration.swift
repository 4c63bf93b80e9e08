import Addresses

/// `martlet.toml`: the settings of the process, as opposed to those of one listener.
package struct ProcessConfiguration: Sendable, Equatable {
    package enum LogLevel: String, Sendable, CaseIterable {
        case trace, debug, info, notice, warning, error, critical
    }

    package enum LogFormat: String, Sendable, CaseIterable {
        case text, json
    }

    /// Event loops; 0: one per core.
    package var loops: Int
    /// The maximum and the minimum number of threads in the worker pool.
    package var workers: Int
    package var minimumWorkers: Int
    /// How long a job waits before another thread is started for it.
    package var workerGrowthDelay: Duration
    /// How long a thread above the minimum stays without work.
    package var workerIdleTimeout: Duration
    /// A job that runs longer is logged. Zero: never.
    package var workerWarning: Duration
    /// Jobs that may wait for a worker.
    package var workerQueue: Int
    /// Deliveries that may wait for one event loop.
    package var loopQueue: Int
    /// The time after which an event loop that does not answer counts as stuck.
    package var loopTimeout: Duration
    /// The timeout of calls into a plugin that belong to no connection.
    package var pluginTimeout: Duration
    /// Open connections of all listeners together.
    package var maximumConnections: Int
    /// Bytes that connections may use for pending input and output; 0: no limit.
    package var maximumBufferMemory: Int
    /// Bytes of resident memory at which a host is ended; 0: never.
    package var memoryLimit: Int
    /// Retired images in a host at which it is renewed; 0: never.
    package var maximumRetiredImages: Int
    /// How long hosts outlive their server, for the next one. Zero: not at all.
    package var orphanTimeout: Duration
    /// Processes and threads of the hosts' user; 0: no limit.
    package var processLimit: Int
    /// The user and the group that hosts become; empty: those of the server.
    package var user: String
    package var group: String
    /// How long a stopping server waits for its connections.
    package var shutdownTimeout: Duration
    /// Absolute, or empty: `/run/martlet`, else `$XDG_RUNTIME_DIR/martlet`.
    package var runtimeDirectory: String
    /// Absolute, or empty: `/var/lib/martlet` for root, else `$XDG_STATE_HOME/martlet`, else `~/.local/state/martlet`.
    package var stateDirectory: String
    /// Absolute, or empty: inside the runtime directory.
    package var controlSocket: String
    /// Where Prometheus finds the metrics; nil: nowhere.
    package var metricsAddress: ListenAddress?
    /// How long the probe of a new image may take.
    package var probeTimeout: Duration
    /// Bytes of memory that the probe may use.
    package var probeMemory: Int
    package var logLevel: LogLevel
    package var logFormat: LogFormat
    /// Absolute, or empty: standard error.
    package var logFile: String
    /// Event loop `i` runs on core `cpuAffinity[i % count]`; empty: wherever the kernel puts it.
    package var cpuAffinity: [Int]
    /// The keys that may sign plugins; empty: plugins need no signature. To decide about a plugin, use
    /// `LoadedConfiguration.trust`.
    package var trustedKeys: [TrustedKey]
    /// By their names, in the order of the file.
    package var databases: [DatabaseConfiguration]
    /// The defaults of listeners, for what their files do not set.
    package var defaultSocket: SocketOptions
    package var defaultLimits: ConnectionLimits
    package var defaultAccess: AccessPolicy
}

extension ProcessConfiguration {
    static let builtInTable = ConfigurationTable.builtIn(schema)
    package static let builtIn = ProcessConfiguration(ConfigurationTable(), folder: "/")

    /// From a validated table without defaults, which has only what the file says.
    ///
    /// - Parameter folder: what relative paths are relative to.
    init(_ file: ConfigurationTable, folder: String) {
        let table = LayeredTable([file, Self.builtInTable])
        loops = table.integer("loops")
        workers = table.integer("workers")
        minimumWorkers = min(table.integer("workers_min"), workers)
        workerGrowthDelay = table.duration("worker_growth_delay")
        workerIdleTimeout = table.duration("worker_idle_timeout")
        workerWarning = table.duration("worker_warning")
        maximumBufferMemory = table.integer("max_buffer_memory")
        workerQueue = table.integer("worker_queue")
        loopQueue = table.integer("loop_queue")
        loopTimeout = table.duration("loop_timeout")
        pluginTimeout = table.duration("plugin_timeout")
        maximumConnections = table.integer("max_connections")
        memoryLimit = table.integer("memory_limit")
        maximumRetiredImages = table.integer("max_retired_images")
        orphanTimeout = table.duration("orphan_timeout")
        processLimit = table.integer("process_limit")
        user = table.text("user")
        group = table.text("group")
        shutdownTimeout = table.duration("shutdown_timeout")
        runtimeDirectory = table.text("runtime_directory")
        stateDirectory = table.text("state_directory")
        controlSocket = table.text("control_socket")
        // Text that does not parse has a diagnostic.
        metricsAddress = try? ListenAddress(parsing: table.text("metrics_listen"))
        probeTimeout = table.duration("probe_timeout")
        probeMemory = table.integer("probe_memory")
        // The schema allows only these cases.
        logLevel = LogLevel(rawValue: table.text("log_level")) ?? .info
        logFormat = LogFormat(rawValue: table.text("log_format")) ?? .text
        logFile = table.text("log_file")
        cpuAffinity = table.integers("cpu_affinity")
        // Text that does not parse has a diagnostic.
        trustedKeys = table.texts("trusted_keys").compactMap { try? TrustedKey(parsing: $0) }
        databases = DatabaseConfiguration.all(in: file.child("databases"), folder: folder)
        let defaults = file.child("defaults")
        defaultSocket = SocketOptions(LayeredTable([defaults.child("socket"), SocketOptions.builtInTable]))
        defaultLimits = ConnectionLimits(LayeredTable([defaults.child("limits"), ConnectionLimits.builtInTable]))
        defaultAccess = AccessPolicy(LayeredTable([defaults.child("access"), AccessPolicy.builtInTable]))
    }
}
