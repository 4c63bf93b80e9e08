import CMartlet
import Engine
import Logging
import Synchronization
import Telemetry

/// A plugin configured for one listener: what the plugin's `create` made, and its bindings to the event loops.
///
/// The plugin's `martlet_instance *` is this object; it lives until `destroy` has returned.
package final class PluginInstance: @unchecked Sendable {
    package let image: LoadedImage
    package let listener: String
    /// Number of this instance on its listener, from 1.
    package let generation: Int
    package let limits: ConnectionBounds
    private let rules: AdmissionRules
    /// Its callbacks run on the worker pool.
    package let usesWorkers: Bool
    let label: UInt32
    let engine: Engine
    let listenerText: martlet_text
    private let pluginLog: PluginLog
    private let registry: MetricRegistry
    private let admission: Admission
    let ledger = InstanceLedger()
    let call = OperationCall()

    // Written by `create` on the control thread, before anybody else has this object.
    private var metrics: [Metric] = []
    private var refusals: [OptionRefusal] = []
    private var isCreating = true
    private(set) var state: UnsafeMutableRawPointer?
    /// One for each loop, in their order.
    package private(set) var bindings: [BindingPointer] = []
    /// Its sessions have been asked to finish. On the control thread.
    package internal(set) var isDraining = false
    package let created = MonotonicTime.now()

    package init(
        image: LoadedImage, listener: String, generation: Int, limits: ConnectionBounds, rules: AdmissionRules,
        admission: Admission, usesWorkers: Bool, callbackWarningNanoseconds: UInt64, registry: MetricRegistry,
        engine: Engine, logger: Logger, log: LogSink, logLinesPerSecond: Int
    ) {
        self.image = image
        self.listener = listener
        self.generation = generation
        self.limits = limits
        self.rules = rules
        self.admission = admission
        self.usesWorkers = usesWorkers
        label = InstanceLabels.shared.add(
            InstanceLabel(
                listener: listener, plugin: image.description.name, generation: generation,
                callbackWarningNanoseconds: callbackWarningNanoseconds))
        self.registry = registry
        self.engine = engine
        listenerText = permanentText(listener)
        var logger = logger
        logger[metadataKey: "listener"] = "\(listener)"
        logger[metadataKey: "plugin"] = "\(image.description.name)"
        logger[metadataKey: "generation"] = "\(generation)"
        pluginLog = PluginLog(logger, sink: log, linesPerSecond: logLinesPerSecond)
    }

    deinit { InstanceLabels.shared.remove(label) }

    /// From the plugin's handle.
    static func of(_ handle: OpaquePointer?) -> PluginInstance {
        Unmanaged<PluginInstance>.fromOpaque(UnsafeRawPointer(handle!)).takeUnretainedValue()
    }

    private var handle: OpaquePointer { OpaquePointer(Unmanaged.passUnretained(self).toOpaque()) }

    /// Calls the plugin's `create`, then makes its bindings. On failure nothing is left.
    package func create(options: OptionValue) throws(InstanceRefusal) {
        let tree = OptionTree(options)
        let result = withExtendedLifetime(tree) { image.plugin.create(HostTable.pointer, handle, tree.root, &state) }
        isCreating = false
        guard result == MARTLET_OK else {
            if refusals.isEmpty { refusals = [OptionRefusal(path: "", message: "create returned \(result)")] }
            throw InstanceRefusal(problems: refusals)
        }
        bindings = engine.loops.map { _ in
            let binding = BindingPointer.allocate(capacity: 1)
            binding.initialize(
                to: Binding(
                    callbacks: image.callbacks, state: state, limits: limits, rules: rules, admission: admission,
                    ledger: ledger, usesWorkers: usesWorkers, label: label))
            return binding
        }
    }

    /// Starts the bindings on the loops. An instance on which this fails is to be stopped and destroyed.
    package func startOnLoops() throws(InstanceRefusal) {
        for (index, loop) in engine.loops.enumerated() {
            nonisolated(unsafe) let binding = bindings[index]
            if loop.ask({ $0.start(binding) }) { continue }
            throw InstanceRefusal(problems: [OptionRefusal(path: "", message: "loop_start failed on loop \(index)")])
        }
    }

    /// Undoes `startOnLoops` for an instance that has no connections, and waits for it.
    package func stopOnLoops() {
        for (index, loop) in engine.loops.enumerated() {
            nonisolated(unsafe) let binding = bindings[index]
            loop.ask { $0.retire(binding, onDrained: {}) }
        }
    }

    /// Lets the instance end with its last connection. `onDrained` is called once, on a loop, when no loop has any.
    package func retire(onDrained: @escaping @Sendable () -> Void) {
        let left = Atomic<Int>(bindings.count)
        let shared = Shared(left)
        for (index, loop) in engine.loops.enumerated() {
            nonisolated(unsafe) let binding = bindings[index]
            loop.run { core in
                core.retire(binding) { if shared.countDown() { onDrained() } }
            }
        }
    }

    /// It broke the rules so often that it gets no more connections.
    package var isRefusing: Bool { limits.faultLimit > 0 && ledger.faultCount >= limits.faultLimit }

    /// Whether the plugin still expects work or deliveries.
    package var isBusy: Bool { !ledger.isEmpty }

    /// Takes no more work or deliveries. True: none is left, so that the instance may be destroyed.
    package func close() -> Bool { ledger.close() }

    /// The last step of an instance that its loops have stopped and that is closed. On the control thread.
    package func destroy() {
        image.plugin.destroy(state)
        state = nil
        for binding in bindings {
            binding.deinitialize(count: 1)
            binding.deallocate()
        }
        bindings = []
    }

    /// Counters of all loops together.
    package var counts: ConnectionCounts {
        var sum = ConnectionCounts()
        for binding in bindings { sum.add(binding) }
        if pluginLog.suppressed > 0 { sum.limits[Limit.logRate.name] = pluginLog.suppressed }
        return sum
    }

    // MARK: Host services

    func submit(
        connection: ConnectionID, work: @escaping WorkFunction, done: DeliveryFunction?,
        context: UnsafeMutableRawPointer?
    ) -> martlet_result {
        let (engine, ledger) = (engine, ledger)
        guard engine.hasLoop(of: connection) else { return MARTLET_ERROR_ARGUMENT }
        guard ledger.enter() else { return MARTLET_ERROR_STOPPING }
        let delivery = done.map { Delivery(connection: connection, function: $0, context: context, ledger: ledger) }
        let submission = engine.workers.submit(work, context: context, label: label) {
            // Without a completion the work itself was the last thing expected.
            guard let delivery, engine.deliver(delivery) else { return ledger.leave() }
        }
        if submission == .taken { return MARTLET_OK }
        ledger.leave()
        return submission == .full ? MARTLET_ERROR_BUSY : MARTLET_ERROR_STOPPING
    }

    func post(
        connection: ConnectionID, delivery: @escaping DeliveryFunction, context: UnsafeMutableRawPointer?
    ) -> martlet_result {
        guard ledger.enter() else { return MARTLET_ERROR_STOPPING }
        if engine.deliver(Delivery(connection: connection, function: delivery, context: context, ledger: ledger)) {
            return MARTLET_OK
        }
        ledger.leave()
        return MARTLET_ERROR_ARGUMENT
    }

    func registerMetric(_ kind: martlet_metric_kind, _ name: String, help: String) -> martlet_metric {
        guard isCreating else { return MARTLET_ERROR_CLOSED }
        guard let metric = registry.register(name, kind: kind == MARTLET_METRIC_GAUGE ? .gauge : .counter, help: help)
        else { return MARTLET_ERROR_ARGUMENT }
        metrics.append(metric)
        return martlet_metric(metrics.count - 1)
    }

    func metric(_ id: martlet_metric) -> Metric? { metrics.indices.contains(Int(id)) ? metrics[Int(id)] : nil }

    func refuse(_ path: String, _ message: String) {
        let refusal = OptionRefusal(path: path, message: message)
        if isCreating { refusals.append(refusal) } else { call.refuse(refusal) }
    }

    func logs(_ level: martlet_log_level) -> Bool { pluginLog.logs(Logger.Level(level)) }

    func log(_ level: martlet_log_level, _ message: String) {
        pluginLog.log(Logger.Level(level), message)
    }
}

/// What a plugin did not like about its options.
package struct OptionRefusal: Codable, Sendable, Equatable, CustomStringConvertible {
    /// Such as `routes[1].root`; empty: no option in particular.
    package var path: String
    package var message: String

    package var description: String { path.isEmpty ? message : "options.\(path): \(message)" }
}

/// Why an instance could not be made.
package struct InstanceRefusal: Error, Sendable {
    package var problems: [OptionRefusal]

    package init(problems: [OptionRefusal]) { self.problems = problems }
}

/// A count that several loops take down.
private final class Shared: Sendable {
    private let left: Atomic<Int>
    init(_ left: consuming Atomic<Int>) { self.left = left }
    /// True for the last one.
    func countDown() -> Bool { left.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue == 0 }
}

extension Logger.Level {
    fileprivate init(_ level: martlet_log_level) {
        switch level {
        case MARTLET_LOG_TRACE: self = .trace
        case MARTLET_LOG_DEBUG: self = .debug
        case MARTLET_LOG_INFO: self = .info
        case MARTLET_LOG_WARNING: self = .warning
        default: self = .error
        }
    }
}
