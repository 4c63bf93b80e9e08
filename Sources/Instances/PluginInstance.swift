import CMartlet
import Engine
import Logging
import PluginABI
import SQL
import Synchronization
import Telemetry
import Threads
import Users

/// A plugin configured for one listener: the result of the plugin's `create`, and its bindings to the event loops.
///
/// The plugin's `martlet_instance *` is this object; it lives until `destroy` has returned.
package final class PluginInstance: @unchecked Sendable {
    package let image: PluginImage
    package let listener: String
    /// Number of this instance on its listener, from 1.
    package let generation: Int
    let settings: InstanceSettings
    package let label: UInt32
    let engine: Engine
    let listenerText: martlet_text
    private let pluginLog: PluginLog
    let registry: MetricRegistry
    let admission: Admission
    let ledger: InstanceLedger
    /// The place of its counters in the pages of the loops.
    package let record: Int
    let call = OperationCall()
    let timers = TimerRegistry()
    /// Its state is moving: no operation runs.
    let isStandingStill = Atomic<Bool>(false)
    let metrics = InstanceMetrics()
    let databases: any DatabaseDirectory
    let openDatabases = Mutex(OpenDatabases())
    private let directories: UserDirectories
    /// Those that may use its listener; nil: everybody may. Set by `create` before the plugin's.
    private(set) var users: UserDirectory?
    /// Its plugin has asked whether there are users.
    let knowsUsers = Atomic<Bool>(false)
    /// What stands between it and its plugin; nil: nothing, as in every server.
    package let interposition: Interposition?

    // Written by `create` on the control thread, before any other thread has this object.
    private var refusals: [OptionRefusal] = []
    private(set) var isCreating = true
    /// `create` has succeeded, so `destroy` must be called.
    private var isCreated = false
    private var state: UnsafeMutableRawPointer?
    /// For calls that belong to no event loop.
    let env = UnsafeMutablePointer<martlet_env>.allocate(capacity: 1)
    /// One for each loop, in their order.
    package private(set) var bindings: [BindingPointer] = []
    /// Its sessions have been asked to finish. Used on the control thread.
    package internal(set) var isDraining = false
    /// Nothing is outstanding and nothing is left on the loops: only its last calls follow.
    private var isEnding = false
    package let created = MonotonicTime.now()

    package init(
        image: PluginImage, listener: String, generation: Int, settings: InstanceSettings, admission: Admission,
        registry: MetricRegistry, engine: Engine, logger: Logger, log: LogSink,
        databases: any DatabaseDirectory, users: UserDirectories, interposition: Interposition? = nil
    ) throws(InstanceRefusal) {
        guard let record = engine.takeRecord() else {
            let message = "the server already has \(LoopPage.recordLimit) generations, the most that it can have"
            throw InstanceRefusal(message)
        }
        self.record = record
        self.image = image
        self.listener = listener
        self.generation = generation
        self.settings = settings
        self.admission = admission
        self.interposition = interposition
        self.databases = databases
        directories = users
        let pages = engine.loops.map(\.page)
        let faults = FaultMonitor(
            settings.faults, observer: interposition?.onFault,
            onRefusal: { pages[0].record(record).pointee.refusesUntil.set($0) },
            traffic: {
                pages.reduce(0) { sum, page in
                    let counters = page.record(record)
                    return sum &+ counters.pointee.accepted.value &+ counters.pointee.requests.value
                }
            })
        label = InstanceLabels.shared.add(
            InstanceLabel(
                listener: listener, plugin: image.description.name, version: image.description.version,
                generation: generation, callbackWarningNanoseconds: settings.callbackWarningNanoseconds,
                hangNanoseconds: settings.hangNanoseconds, faults: faults)
        )
        self.engine = engine
        listenerText = permanentText(listener)
        var logger = logger
        logger[metadataKey: "listener"] = "\(listener)"
        logger[metadataKey: "plugin"] = "\(image.description.name)"
        logger[metadataKey: "generation"] = "\(generation)"
        // The loops count the other limits; these two are not of a loop.
        pluginLog = PluginLog(logger, sink: log, linesPerSecond: settings.logLinesPerSecond) {
            pages[0].record(record).pointee.hits.hit(.logRate)
        }
        self.registry = registry
        var environment = martlet_env()
        environment.size = UInt32(MemoryLayout<martlet_env>.size)
        environment.loop = UInt32.max
        environment.host = interposition?.table ?? HostTable.pointer
        ledger = InstanceLedger(label: label, faults: faults)
        env.initialize(to: environment)
        env.pointee.instance = handle
        ledger.environment.pointee = env.pointee
    }

    deinit {
        env.deallocate()
        listenerText.data?.deallocate()
        InstanceLabels.shared.remove(label)
        engine.giveRecord(record)
    }

    /// From the plugin's handle.
    package static func of(_ handle: OpaquePointer?) -> PluginInstance {
        Unmanaged<PluginInstance>.fromOpaque(UnsafeRawPointer(handle!)).takeUnretainedValue()
    }

    private var handle: OpaquePointer { OpaquePointer(Unmanaged.passUnretained(self).toOpaque()) }

    /// How long a call that belongs to no connection may take.
    var callNanoseconds: UInt64 { settings.callNanoseconds }

    /// The listener's share of the worker pool.
    var operationShare: WorkShare { admission.workShare }

    /// Its callbacks run on the worker pool.
    package var usesWorkers: Bool { settings.usesWorkers }

    /// Calls the plugin's `create`, then makes its bindings. If this fails, the instance must be ended like any other, because work
    /// that it has submitted may still run.
    package func create(options: OptionValue) throws(InstanceRefusal) {
        users = try openUsers(in: directories)
        let seconds = Double(settings.callNanoseconds) / 1e9
        let result = controlCall(.create) { [self] in
            let tree = OptionTree(options)
            return withExtendedLifetime(tree) {
                image.plugin.create(image.descriptor, env.pointee.host, handle, tree.root, &state)
            }
        }
        guard let result else {
            AbandonedInstances.keep(self)
            let message = "create has not returned within \(seconds) s (plugin_timeout)"
            throw InstanceRefusal(message)
        }
        isCreating = false
        guard result == MARTLET_OK else {
            if refusals.isEmpty { refusals = [OptionRefusal(path: "", message: "create returned \(result)")] }
            throw InstanceRefusal(problems: refusals, result: result)
        }
        isCreated = true
        env.pointee.state = state
        try checkUsers()
        if !refusals.isEmpty { ledger.faults.record(.refusedAndCreated, in: .create, at: created.nanoseconds) }
        guard let callbacks = image.callbacks.map({ interposition?.wrap($0) ?? $0 }) else {
            let message =
                "\(image.description.name) has no opened, received and closed, which a listener for streams needs"
            throw InstanceRefusal(message)
        }
        bindings = engine.loops.enumerated().map { index, loop in
            let binding = BindingPointer.allocate(capacity: 1)
            var environment = env.pointee
            environment.loop = UInt32(index)
            binding.initialize(
                to: Binding(
                    callbacks: callbacks, environment: environment, limits: settings.limits, rules: settings.rules,
                    admission: admission, ledger: ledger, counters: loop.page.record(record),
                    usesWorkers: settings.usesWorkers, label: label,
                    name: stableHash(listener), generation: UInt32(truncatingIfNeeded: generation), arena: engine.arena)
            )
            return binding
        }
    }

    /// Starts the bindings on the loops. If this fails, the instance must be ended.
    package func startOnLoops() throws(InstanceRefusal) {
        for (index, loop) in engine.loops.enumerated() {
            nonisolated(unsafe) let binding = bindings[index]
            let result = loop.ask { $0.start(binding) }
            if result == MARTLET_OK { continue }
            let message =
                result == nil
                ? "event loop \(index) \(Stall.text(of: loop.page))" : "loop_start failed on loop \(index)"
            throw InstanceRefusal(
                problems: [OptionRefusal(path: "", message: message)], result: result, loop: index)
        }
    }

    /// Calls `onDrained` once, on a loop, when the last connection is gone and all loans are returned.
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

    /// The instance breaks the rules so often that it gets no new connections for a while.
    package var isRefusing: Bool { ledger.faults.isRefusing(at: MonotonicTime.now().nanoseconds) }

    /// Counts a limit that is of no loop.
    func hit(_ limit: Limit) { engine.loops[0].page.record(record).pointee.hits.hit(limit) }

    /// Whether work or deliveries are still outstanding.
    package var isBusy: Bool { !ledger.isEmpty }

    /// The result of an attempt to end an instance.
    package enum Ending: String, Codable, Sendable {
        /// Something of it is left, or a loop does not turn: try again.
        case later
        case ended
        /// Its last call has not returned; it stays for the life of the process.
        case abandoned
    }

    /// Ends an instance that gets no more connections, once none of its work, deliveries, sessions and lent output is left. Then
    /// calls `loop_stop` on each loop, and `destroy`. Called on the control thread.
    package func end() -> Ending {
        if !isEnding {
            // Checks first what costs nothing, because a plugin that posts while the ledger is closed gets STOPPING.
            let counts = counts
            guard ledger.isEmpty, counts.open == 0, counts.loans == 0 else { return .later }
            guard ledger.close(), isIdleOnAllLoops else {
                ledger.reopen()
                return .later
            }
            isEnding = true
            databases.cursors.closeAll(of: label)
        }
        guard endTimers() else { return .later }
        for (index, loop) in engine.loops.enumerated() where !bindings.isEmpty {
            nonisolated(unsafe) let binding = bindings[index]
            guard loop.ask({ $0.stop(binding) }) != nil else { return .later }
        }
        return destroy()
    }

    /// Called with the ledger closed, so that an idle loop stays idle.
    private var isIdleOnAllLoops: Bool {
        guard !bindings.isEmpty else { return true }
        return engine.loops.enumerated().allSatisfy { index, loop in
            nonisolated(unsafe) let binding = bindings[index]
            return loop.ask { $0.isIdle(binding) } == true
        }
    }

    /// A call of the plugin that belongs to no connection. nil: it has not returned in time.
    ///
    /// - Parameter deadline: nil: that of every call (`plugin_timeout`).
    func controlCall<Answer: Sendable>(
        _ kind: CallbackKind, by deadline: Deadline? = nil, ifNoThread: () -> Void = {},
        _ body: @escaping @Sendable () -> Answer
    ) -> Answer? {
        interposition?.willCall(kind)
        // A driven engine has no thread but its caller's.
        guard !engine.isDriven else { return body() }
        return ControlCall.run(
            kind, label, engine.published, by: deadline ?? .after(nanoseconds: settings.callNanoseconds),
            ifNoThread: ifNoThread, body)
    }

    private func destroy() -> Ending {
        if isCreated {
            let isDestroyed = controlCall(.destroy) { [self] in
                image.plugin.destroy(state)
                return true
            }
            guard isDestroyed != nil else {
                AbandonedInstances.keep(self)
                return .abandoned
            }
        }
        state = nil
        for binding in bindings {
            binding.deinitialize(count: 1)
            binding.deallocate()
        }
        bindings = []
        return .ended
    }

    /// Open connections on one loop.
    func open(on loop: Int) -> UInt64 { engine.loops[loop].page.record(record).pointee.openConnections }

    /// Counters of all loops together, as they are published.
    package var counts: ConnectionCounts {
        var sum = ConnectionCounts()
        for loop in engine.loops { sum.add(loop.page.record(record)) }
        return sum
    }

    // MARK: Host services

    func submit(
        connection: ConnectionID, work: @escaping martlet_work, done: martlet_delivery?,
        context: UnsafeMutableRawPointer?
    ) -> martlet_result {
        let ledger = ledger
        guard let loop = engine.loop(of: connection) else { return MARTLET_ERROR_ARGUMENT }
        guard ledger.enter() else { return MARTLET_ERROR_STOPPING }
        var completion: Delivery?
        if let done {
            // Reserves the completion's place in the mailbox now, because the completion must not be lost once the work has run.
            completion = loop.promise(done, to: connection, context: context, ledger: ledger, isAwaited: true)
            guard completion != nil else { return MARTLET_ERROR_BUSY }
            engine.await(connection)
        }
        let delivery = completion
        let submission = engine.workers.submit(work, context: context, label: label, share: admission.workShare) {
            // Without a completion, nothing is outstanding after the work itself.
            if let delivery { loop.deliver(delivery) } else { ledger.leave() }
        }
        if submission == .taken { return MARTLET_OK }
        if let delivery {
            engine.awaitNoMore(connection)
            delivery.settle()
        } else {
            ledger.leave()
        }
        return submission == .full ? MARTLET_ERROR_BUSY : MARTLET_ERROR_STOPPING
    }

    /// - Parameter number: a loop. nil: the loop of the connection.
    func post(
        connection: ConnectionID, onLoop number: Int? = nil, delivery: @escaping martlet_delivery,
        context: UnsafeMutableRawPointer?
    ) -> martlet_result {
        guard ledger.enter() else { return MARTLET_ERROR_STOPPING }
        let chosen =
            number.map { engine.loops.indices.contains($0) ? engine.loops[$0] : nil } ?? engine.loop(of: connection)
        guard let loop = chosen else {
            ledger.leave()
            return MARTLET_ERROR_ARGUMENT
        }
        guard let promised = loop.promise(delivery, to: connection, context: context, ledger: ledger) else {
            return MARTLET_ERROR_BUSY
        }
        loop.deliver(promised)
        return MARTLET_OK
    }

    /// Work and deliveries are refused from now on, so that the instance can end although its plugin asks for ever more.
    package func refuseWork() { _ = ledger.close() }

    /// Records a call of a function that is for `create` alone.
    func isOutsideCreate(_ function: String) -> Bool {
        if isCreating { return false }
        ledger.faults.record(.outsideCreate(function), in: .work, at: MonotonicTime.now().nanoseconds)
        return true
    }

    func refuse(_ path: String, _ message: String) {
        let refusal = OptionRefusal(path: path, message: message)
        if isCreating { refusals.append(refusal) } else { call.refuse(refusal) }
    }

    func logs(_ level: martlet_log_level) -> Bool { pluginLog.logs(Logger.Level(level)) }

    func log(_ level: martlet_log_level, _ message: String) {
        pluginLog.log(Logger.Level(level), message)
    }
}

/// A counter that several loops count down.
private final class Shared: Sendable {
    private let left: Atomic<Int>
    init(_ left: consuming Atomic<Int>) { self.left = left }
    /// True for the last loop.
    func countDown() -> Bool { left.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue == 0 }
}

extension Logger.Level {
    package init(_ level: martlet_log_level) {
        switch level {
        case MARTLET_LOG_TRACE: self = .trace
        case MARTLET_LOG_DEBUG: self = .debug
        case MARTLET_LOG_INFO: self = .info
        case MARTLET_LOG_WARNING: self = .warning
        default: self = .error
        }
    }
}
