import CLinux
import Configuration
import Engine
import PluginHost

// Conversions from the types of the configuration to those of the modules below, which do not know the configuration.

extension ListeningAddress {
    init(_ address: ListenAddress) {
        self =
            switch address {
            case .ipv4(let host, let port): .ipv4(host.description, port: port)
            case .ipv6(let host, let scope, let port): .ipv6(host.description, scope: scope, port: port, only: true)
            case .dualStack(let port): .ipv6("::", scope: nil, port: port, only: false)
            case .unix(let path): .unix(path: path)
            case .abstract(let name): .unixAbstract(name: name)
            }
    }
}

extension ListeningSocketOptions {
    init(_ options: SocketOptions) {
        self.init(
            backlog: Int32(clamping: options.backlog), noDelay: options.noDelay, keepAlive: options.keepalive,
            keepAliveIdleSeconds: Int32(clamping: options.keepaliveIdle.components.seconds),
            keepAliveIntervalSeconds: Int32(clamping: options.keepaliveInterval.components.seconds),
            keepAliveCount: Int32(clamping: options.keepaliveCount),
            receiveBuffer: Int32(clamping: options.receiveBuffer), sendBuffer: Int32(clamping: options.sendBuffer),
            unixMode: UInt32(options.unixMode))
    }
}

extension ConnectionBounds {
    init(_ limits: ConnectionLimits) {
        self.init(
            maximumInput: limits.maximumInput, outputHighWater: limits.outputHighWater,
            outputLowWater: limits.outputLowWater)
        handshakeTimeoutMilliseconds = limits.handshakeTimeout.milliseconds
        firstByteTimeoutMilliseconds = limits.firstByteTimeout.milliseconds
        idleTimeoutMilliseconds = limits.idleTimeout.milliseconds
        requestTimeoutMilliseconds = limits.requestTimeout.milliseconds
        requestMinimumRate = UInt64(limits.requestMinimumRate)
        writeTimeoutMilliseconds = limits.writeTimeout.milliseconds
        lifetimeMilliseconds = limits.lifetime.milliseconds
        requestWaitMilliseconds = limits.requestWait.milliseconds
    }
}

extension FaultPolicy {
    init(of limits: ConnectionLimits) {
        self.init(limit: limits.faultLimit, window: limits.faultWindow.nanoseconds, share: limits.faultShare)
    }
}

extension WorkerSettings {
    init(_ process: ProcessConfiguration) {
        self.init(
            minimum: process.minimumWorkers, maximum: process.workers, queueLimit: process.workerQueue,
            growthNanoseconds: process.workerGrowthDelay.nanoseconds,
            idleNanoseconds: process.workerIdleTimeout.nanoseconds)
    }
}

extension EngineSettings {
    init(_ process: ProcessConfiguration) {
        self.init(
            loopCount: process.loops == 0 ? Int(linux_processor_count()) : process.loops,
            workers: WorkerSettings(process), maximumConnections: process.maximumConnections,
            maximumBufferMemory: process.maximumBufferMemory)
        deliveryLimit = process.loopQueue
        processors = process.cpuAffinity
        patienceNanoseconds = process.loopTimeout.nanoseconds
    }
}

extension AdmissionRules {
    init(_ limits: ConnectionLimits, _ policy: AccessPolicy) {
        self.init()
        refuses = limits.onLimit == .refuse
        connectionsPerAddress = limits.connectionsPerAddress
        connectionsPerNetwork = limits.connectionsPerNetwork
        acceptRate = RateLimit(perSecond: limits.acceptRate, burst: limits.acceptBurst)
        requestRate = RateLimit(perSecond: limits.requestRate, burst: limits.requestBurst)
        // The first of two equal ranges decides, so `deny` comes first.
        for range in policy.deny { access.add(range.bytes, length: range.length, false) }
        for range in policy.allow { access.add(range.bytes, length: range.length, true) }
        allowsOthers = policy.allow.isEmpty
        for range in policy.proxies { proxies.add(range.bytes, length: range.length, true) }
    }
}

extension Duration {
    var nanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        return UInt64(max(seconds, 0)) * 1_000_000_000 + UInt64(max(attoseconds, 0) / 1_000_000_000)
    }

    /// Rounded up, so that a timeout of less than a millisecond does not become 0, which means none.
    var milliseconds: UInt64 {
        let (seconds, attoseconds) = components
        return UInt64(max(seconds, 0)) * 1_000
            + UInt64((max(attoseconds, 0) + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}

extension OptionSchema {
    package init(_ options: [PluginOption]) {
        self.init(options.map { OptionDescription($0) })
    }
}

extension PluginDescription {
    /// The options that a listener without `[options]`, in the folder of the plugin's file, would give it. Fails when an option
    /// is required.
    package func defaultOptions(forFile file: String) -> Result<OptionValue, ConfigurationError> {
        OptionSchema(options).defaults(beside: file, parser: .child()).map { OptionValue($0, options) }
    }
}

extension OptionDescription {
    init(_ option: PluginOption) {
        self.init(
            option.key, OptionType(option), required: option.required, default: option.defaultValue,
            minimum: option.minimum, maximum: option.maximum, choices: option.choices, help: option.help)
    }
}

extension OptionType {
    init(_ option: PluginOption) {
        let children = OptionSchema(option.children)
        switch (option.kind, option.element) {
        case (.table, _): self = .table(children)
        case (.list, .table): self = .tables(children)
        case (.list, let element): self = .list(OptionType(scalar: element ?? .text))
        case (let kind, _): self = OptionType(scalar: kind)
        }
    }

    private init(scalar kind: PluginOption.Kind) {
        self =
            switch kind {
            case .boolean: .boolean
            case .integer: .integer
            case .number: .number
            case .text: .text
            case .duration: .duration
            case .size: .size
            case .path: .path
            // A list of lists has no description for its inner elements.
            case .list, .table: .anything
            }
    }
}

extension OptionValue {
    /// Converts a table that the schema has completed. Durations, sizes and paths keep the types of the schema.
    init(_ table: ConfigurationTable, _ options: [PluginOption]) {
        self = .table(
            table.members.map { member in
                let option = options.first { $0.key == member.key }
                return Item(
                    key: member.key, value: OptionValue(member.value, option?.kind, option?.element, option?.children),
                    line: member.value.position.line, column: member.value.position.column)
            })
    }

    private init(
        _ value: ConfigurationValue, _ kind: PluginOption.Kind?, _ element: PluginOption.Kind?,
        _ children: [PluginOption]?
    ) {
        switch value.content {
        case .boolean(let value): self = .boolean(value)
        case .integer(let value):
            self = kind == .duration ? .duration(value) : kind == .size ? .size(value) : .integer(value)
        case .number(let value): self = .number(value)
        case .text(let value): self = kind == .path ? .path(value) : .text(value)
        case .list(let values):
            self = .list(
                values.map {
                    Item(
                        key: "", value: OptionValue($0, element, nil, children), line: $0.position.line,
                        column: $0.position.column)
                })
        case .table(let table): self = OptionValue(table, children ?? [])
        case .date: self = .text("")
        }
    }
}
