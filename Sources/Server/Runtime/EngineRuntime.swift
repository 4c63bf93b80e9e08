import Configuration
import ConfiguredInstances
import Engine
import Instances
import PluginHost
import Telemetry

/// The runtime in this process: the engine and the instances on its loops.
final class EngineRuntime: Runtime {
    private let engine: Engine
    private let loader: ImageLoader
    /// Runs the operations that belong to no loop and no worker.
    private let control: SerialThread
    private let log: ServerLog

    init(_ engine: Engine, loader: ImageLoader, control: SerialThread, log: ServerLog) {
        self.engine = engine
        self.loader = loader
        self.control = control
        self.log = log
    }

    var loopCount: Int { engine.loops.count }

    var stuckLoops: [Int: String] {
        Dictionary(uniqueKeysWithValues: engine.loops.filter(\.isStuck).map { ($0.index, Stall.text(of: $0)) })
    }

    func load(_ recipe: PreparedListener) throws(ImageRefusal) -> any RuntimeImage {
        try loader.load(recipe.image, recipe.plugin, file: recipe.configuration.plugin)
    }

    func makeListener(connections: Int) -> any RuntimeListener {
        EngineListener(engine, connections: connections, log: log)
    }

    func publish(_ listeners: [String: any RuntimeListener]) {
        engine.listeners.set(listeners.mapValues { (own($0) as EngineListener).admission })
    }

    func open(
        _ descriptors: [Int32], shared: Bool, name: String, for instance: any RuntimeInstance
    ) throws(ListenFailure) -> any RuntimeAddress {
        try EngineAddress(engine, descriptors, shared: shared, name, own(instance))
    }

    func point(
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
            case .canFail: if loop.ask(change) == nil { return "event loop \(index) \(Stall.text(of: loop))" }
            case .settled: _ = loop.order(change)
            }
        }
        return nil
    }

    func call(
        _ operation: String, _ arguments: [String], of instance: any RuntimeInstance
    ) throws(OperationFailure) -> OperationReport {
        try (own(instance) as PluginInstance).call(operation, arguments) { control.run($0) }
    }

    func apply(_ process: ProcessConfiguration, resizingWorkers: Bool) {
        engine.quota.setLimit(process.maximumConnections)
        engine.memory.setLimit(process.maximumBufferMemory)
        engine.patience.set(nanoseconds: process.loopTimeout.nanoseconds)
        if resizingWorkers { engine.workers.resize(minimum: process.minimumWorkers, maximum: process.workers) }
        engine.workers.setTimes(
            growthNanoseconds: process.workerGrowthDelay.nanoseconds,
            idleNanoseconds: process.workerIdleTimeout.nanoseconds)
    }

    func beginDraining() {
        for loop in engine.loops { loop.beginScan { core, piece in core.drain(nil, piece: piece) } }
    }
}

/// The limits and metrics that the instances of a listener share.
private final class EngineListener: RuntimeListener {
    private let engine: Engine
    let admission: Admission
    private let registry = MetricRegistry()
    private let log: ServerLog

    init(_ engine: Engine, connections: Int, log: ServerLog) {
        self.engine = engine
        admission = Admission(connections: connections, listeners: engine.listeners)
        self.log = log
    }

    func makeInstance(
        _ recipe: PreparedListener, _ image: any RuntimeImage, generation: Int, callTimeout: Duration
    ) throws(InstanceRefusal) -> any RuntimeInstance {
        let settings = recipe.configuration.instanceSettings(
            for: recipe.plugin, callNanoseconds: callTimeout.nanoseconds)
        return try PluginInstance(
            image: own(image), listener: recipe.configuration.name, generation: generation, settings: settings,
            admission: admission, registry: registry, engine: engine, logger: log.logger, log: log.sink)
    }

    func setLimits(connections: Int, workersShare: Int) {
        admission.quota.setLimit(connections)
        admission.workShare.set(percent: workersShare)
        // With a larger share, threads may start waiting jobs. Sleeping threads do not notice the change on their own.
        engine.workers.lookAgain()
    }

    var metrics: [StatusReport.Metric] { registry.all.map(StatusReport.Metric.init) }
}

// In one process, images and instances are their own handles.
extension PluginImage: RuntimeImage {}

extension PluginInstance: RuntimeInstance {
    func start(_ options: OptionValue) throws(InstanceRefusal) {
        try create(options: options)
        try startOnLoops()
    }

    func canMigrate(to other: any RuntimeInstance) -> Bool { canMigrate(to: own(other) as PluginInstance) }

    func migrate(to other: any RuntimeInstance) -> SessionMoves { migrate(to: own(other) as PluginInstance) }

    func stateTransfer(to other: any RuntimeInstance) -> StateTransfer {
        stateTransfer(to: own(other) as PluginInstance)
    }

    func moveState(to other: any RuntimeInstance, timeout: Duration) throws(StateRefusal) -> StateMove {
        try moveState(to: own(other) as PluginInstance, timeout: timeout)
    }

    func endStandstill(with other: any RuntimeInstance) { endStandstill(with: own(other) as PluginInstance) }
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
