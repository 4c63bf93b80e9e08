import CLinux
import Databases
import Engine
import HostInterface
import Instances
import Logging
import PluginHost
import Synchronization
import TLS
import Telemetry
import Threads
import Users

/// The runtime in this process: the engine and the instances on its loops.
package final class EngineRuntime: Runtime {
    let engine: Engine
    private let images: LoadedImages
    /// They outlive the plugins that use them.
    private let pools: Databases
    private let users: UserDirectories
    /// Runs the operations that belong to no loop and no worker.
    private let control: SerialThread
    private let log: ProcessLog
    private let watchdog: Watchdog
    /// A plugin has been loaded since memory was last returned to the kernel.
    private let hasLoaded = Atomic<Bool>(false)
    /// While another process takes over connections.
    let standstill = Mutex<EngineStandstill?>(nil)

    /// - Parameters:
    ///   - hasProcess: this process is there for the runtime alone. A crash is recorded, and a callback that hangs ends the process.
    ///   - quotas: limits that it shares with others.
    package init(
        _ settings: RuntimeSettings, _ control: SerialThread, _ log: ProcessLog, hasProcess: Bool = false,
        quotas: (page: SharedQuotas, place: Int)? = nil
    ) throws(SystemError) {
        engine = try Engine(settings.engine, recordsCrashes: hasProcess, quotas: quotas)
        pools = Databases(settings.databases)
        users = UserDirectories(pools)
        images = LoadedImages { [published = engine.published] in $0.publish(in: published.engine) }
        if hasProcess {
            log.sink.onDrop { [published = engine.published] count in
                published.engine.pointee.logLinesDropped.addShared(UInt64(count))
            }
        }
        do throws(SystemError) {
            watchdog = try Watchdog(
                engine, settings, log: log, endsProcess: hasProcess)
        } catch {
            engine.stop()
            throw error
        }
        self.control = control
        self.log = log
        if hasProcess { watchdog.onIdle { [weak self] in self?.releaseMemory() } }
    }

    /// Returns the free memory of the arena and of the heap to the kernel, and unmaps code, most of which only a start or a reload runs (it
    /// stays in the page cache).
    private func releaseMemory() {
        engine.arena.trim()
        if hasLoaded.exchange(false, ordering: .relaxed) { linux_release_memory() }
    }

    package var loopCount: Int { engine.loops.count }
    package var processID: Int32? { nil }
    package var keepers: [Int32] { [] }
    package var publishedFile: Int32 { engine.published.descriptor }

    package var stuckLoops: [Int: String] { engine.published.stuckLoops(Stall.namesHere) }

    package func load(
        _ image: StagedImage, _ plugin: PluginDescription, file: String
    ) throws(ImageRefusal) -> any RuntimeImage {
        hasLoaded.store(true, ordering: .relaxed)
        return try images.load(image, plugin, file: file)
    }

    package func makeListener(connections: Int, metrics: MetricFile?) -> any RuntimeListener {
        EngineListener(engine, pools, users, connections: connections, metrics, log: log)
    }

    package func publish(_ listeners: [String: any RuntimeListener]) {
        engine.listeners.set(listeners.mapValues { (own($0) as EngineListener).admission })
    }

    package func open(
        _ descriptors: [Int32], shared: Bool, _ address: AddressDescription, name: String,
        for instance: any RuntimeInstance
    ) throws(ListenFailure) -> any RuntimeAddress {
        try EngineAddress(engine, descriptors, shared: shared, name, own(instance))
    }

    package func point(
        _ addresses: [(address: any RuntimeAddress, name: String)], at target: SocketTarget, _ insistence: Insistence
    ) -> String? {
        let addresses = addresses.map { (own($0.address) as EngineAddress, EndpointName.interned($0.name)) }
        for (index, loop) in engine.loops.enumerated() {
            nonisolated(unsafe) let sockets = addresses.flatMap { address, name in
                address.sockets(on: index).map { (socket: $0, name: name) }
            }
            nonisolated(unsafe) let (current, candidate) = target.bindings(on: index)
            let change: @Sendable (LoopPointer) -> Void = { _ in
                for (socket, name) in sockets {
                    socket.pointee.endpoint = name
                    socket.pointee.binding = current
                    (socket.pointee.candidate, socket.pointee.share) = (candidate, target.share)
                }
            }
            switch insistence {
            case .canFail: if loop.ask(change) == nil { return "event loop \(index) \(Stall.text(of: loop.page))" }
            case .settled: _ = loop.order(change)
            }
        }
        return nil
    }

    package func call(
        _ operation: String, _ arguments: [String], of instance: any RuntimeInstance
    ) throws(OperationFailure) -> OperationReport {
        try (own(instance) as PluginInstance).call(operation, arguments) { control.run($0) }
    }

    package func apply(_ settings: RuntimeSettings, resizingWorkers: Bool) {
        let (new, workers) = (settings.engine, settings.engine.workers)
        log.level.value = settings.logLevel
        engine.quota.setLimit(new.maximumConnections)
        engine.memory.setLimit(new.maximumBufferMemory)
        engine.patience.set(nanoseconds: new.patienceNanoseconds)
        pools.apply(settings.databases)
        if resizingWorkers { engine.workers.resize(minimum: workers.minimum, maximum: workers.maximum) }
        watchdog.apply(settings)
        engine.workers.setTimes(
            growthNanoseconds: workers.growthNanoseconds, idleNanoseconds: workers.idleNanoseconds)
    }

    package func beginDraining() {
        for loop in engine.loops { loop.beginScan { core, piece in core.drain(nil, piece: piece) } }
    }

    package func change(_ workers: WorkersChange) {
        switch workers {
        case .pause: engine.workers.pause()
        case .resume: engine.workers.resume()
        case .resize(let minimum, let maximum): engine.workers.resize(minimum: minimum, maximum: maximum)
        }
    }

    package var report: RuntimeReport {
        RuntimeReport(engine.published, bufferBytes: engine.memory.count, Stall.namesHere)
    }

    package var pauses: AcceptPauses { AcceptPauses(engine.published) }

    package var activity: RuntimeActivity { RuntimeActivity(engine.published, connections: engine.quota.count) }

    package func databases(_ change: (name: String, change: DatabaseChange)?) -> [DatabaseReport] {
        if let change { _ = pools.change(change.name, change.change) }
        return databases
    }

    package var databases: [DatabaseReport] {
        pools.reports.map { report in
            var report = report
            for (index, job) in report.running.enumerated() {
                let label = InstanceLabels.shared[job.label]
                report.running[index].holder = label.map { "\($0.listener) \($0.generation)" } ?? ""
            }
            return report
        }
    }

    package func askDatabase(
        _ name: String, _ question: DatabaseTaskQuestion
    ) throws(DatabaseTaskProblem) -> DatabaseTaskReport? {
        try pools.ask(question, of: name)
    }

    package func users(_ question: UserQuestion, in database: String) throws(UserProblem) -> [UserRecord]? {
        try users.answer(question, in: database)
    }

    package func findStalls() -> [String] {
        for loop in engine.loops where !loop.isStuck { _ = loop.ask(by: .after(milliseconds: 20)) { _ in } }
        return Stall.all(in: engine)
    }

    package func watch(onStuck: @escaping @Sendable () -> Void) { watchdog.onStuck(onStuck) }

    package var isOver: Bool { false }

    /// What ends a runtime in this process ends this process too.
    package func onEnd(_ body: @escaping @Sendable (RuntimeEnd) -> Void) {}

    package func reopenLog(_ log: ProcessLog) {}

    package func stop() {
        watchdog.stop()
        engine.stop()
        users.stop()
        pools.stop()
    }

    package func abandon() {}
}

/// The limits and metrics that the instances of a listener share.
private final class EngineListener: RuntimeListener {
    private let engine: Engine
    private let databases: Databases
    private let users: UserDirectories
    let admission: Admission
    let metrics: MetricFile?
    private let registry: MetricRegistry
    private let log: ProcessLog

    init(
        _ engine: Engine, _ databases: Databases, _ users: UserDirectories, connections: Int, _ metrics: MetricFile?,
        log: ProcessLog
    ) {
        self.engine = engine
        self.databases = databases
        self.users = users
        self.metrics = metrics
        // The control side passes no damaged file.
        registry = metrics.flatMap { MetricRegistry(continuing: $0) } ?? MetricRegistry()
        admission = Admission(connections: connections, listeners: engine.listeners)
        self.log = log
    }

    func makeInstance(
        of image: any RuntimeImage, for listener: String, generation: Int, _ settings: InstanceSettings
    ) throws(InstanceRefusal) -> any RuntimeInstance {
        try PluginInstance(
            image: own(image), listener: listener, generation: generation, settings: settings, admission: admission,
            registry: registry, engine: engine, logger: log.logger, log: log.sink, databases: databases,
            users: users)
    }

    func setSecurity(_ material: TLSMaterial?) {
        do throws(TLSProblem) {
            admission.setTransport(try material.map { material throws(TLSProblem) in try TLSContext(material) })
        } catch {
            // The control side has checked the material.
            log.logger.error("connections are refused: TLS cannot be set up: \(error.text)")
            admission.setTransport(RefusingSource())
        }
    }

    func setLimits(connections: Int, workersShare: Int) {
        admission.quota.setLimit(connections)
        admission.workShare.set(percent: workersShare)
        // With a larger share, threads may start waiting jobs. Sleeping threads do not notice the change on their own.
        engine.workers.lookAgain()
    }
}

/// Better no connection than one that is not encrypted.
private final class RefusingSource: TransportSource {
    func begin(_ connection: ConnectionPointer) -> Limit? { .transport }
}

// In one process, images and instances are their own handles.
extension PluginImage: RuntimeImage {}

extension PluginInstance: RuntimeInstance {
    package var isOver: Bool { false }

    package var place: PublishedPlace { PublishedPlace(record: record, label: label) }

    package func start(_ options: OptionValue) throws(InstanceRefusal) {
        try create(options: options)
        try startOnLoops()
    }

    package func canMigrate(to other: any RuntimeInstance) -> Bool { canMigrate(to: own(other) as PluginInstance) }

    package func migrate(to other: any RuntimeInstance) -> SessionMoves { migrate(to: own(other) as PluginInstance) }

    package func stateTransfer(to other: any RuntimeInstance) -> StateTransfer {
        stateTransfer(to: own(other) as PluginInstance)
    }

    package func moveState(to other: any RuntimeInstance, timeout: Duration) throws(StateRefusal) -> StateMove {
        try moveState(to: own(other) as PluginInstance, timeout: timeout)
    }

    package func endStandstill(with other: (any RuntimeInstance)?) {
        endStandstill(with: other.map { own($0) as PluginInstance })
    }
}

extension SocketTarget {
    func bindings(on loop: Int) -> (current: BindingPointer, candidate: BindingPointer?) {
        ((own(current) as PluginInstance).bindings[loop], candidate.map { (own($0) as PluginInstance).bindings[loop] })
    }
}

/// What is behind a handle. Handles return only to the runtime that made them.
private func own<Object>(_ handle: AnyObject) -> Object {
    guard let object = handle as? Object else { preconditionFailure("the handle of another runtime") }
    return object
}
