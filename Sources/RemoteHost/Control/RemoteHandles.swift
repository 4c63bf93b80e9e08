import Engine
import HostInterface
import Instances
import PluginHost
import Synchronization
import TLS
import Telemetry

/// Stands for something in a host, which lets go of it when this object is destroyed.
final class RemoteHandle: Sendable {
    let runtime: RemoteRuntime
    let number: Int
    private let kind: Release.Kind

    init(_ runtime: RemoteRuntime, _ kind: Release.Kind) {
        self.runtime = runtime
        self.kind = kind
        number = runtime.newHandle()
    }

    deinit { runtime.connection.order(Release(kind: kind, handle: number)) }
}

final class RemoteImage: RuntimeImage {
    let handle: RemoteHandle
    let plugin: PluginDescription

    init(_ runtime: RemoteRuntime, _ plugin: PluginDescription) {
        handle = RemoteHandle(runtime, .image)
        self.plugin = plugin
    }
}

final class RemoteListener: RuntimeListener {
    let handle: RemoteHandle
    let metrics: MetricFile?

    init(_ handle: RemoteHandle, _ metrics: MetricFile?) { (self.handle, self.metrics) = (handle, metrics) }

    func makeInstance(
        of image: any RuntimeImage, for listener: String, generation: Int, _ settings: InstanceSettings
    ) throws(InstanceRefusal) -> any RuntimeInstance {
        let runtime = handle.runtime
        let instance = RemoteHandle(runtime, .instance)
        guard let image = image as? RemoteImage, let number = runtime.number(of: image.handle) else {
            throw InstanceRefusal(HostSilence.ended.text)
        }
        let call = MakeInstance(
            instance: instance.number, listener: handle.number, image: number, name: listener, generation: generation,
            settings: settings)
        let place = try runtime.attempt(call) { InstanceRefusal($0) }
        guard (0..<LoopPage.recordLimit).contains(place.record) else {
            throw InstanceRefusal("a record that no page has")
        }
        let plugin = image.plugin
        runtime.add(
            InstanceName(listener: listener, plugin: plugin.name, version: plugin.version, generation: generation),
            as: place.label)
        return RemoteInstance(instance, listener, generation, place, callNanoseconds: settings.callNanoseconds)
    }

    func setLimits(connections: Int, workersShare: Int) {
        _ = try? handle.runtime.call(
            SetLimits(listener: handle.number, connections: connections, workersShare: workersShare))
    }

    func setSecurity(_ material: TLSMaterial?) {
        _ = try? handle.runtime.call(SetSecurity(listener: handle.number, material: material))
    }
}

final class RemoteAddress: RuntimeAddress {
    let handle: RemoteHandle

    init(_ handle: RemoteHandle) { self.handle = handle }

    /// The control side has its own.
    var descriptors: [Int32] { [] }

    func beginAccepting() { handle.runtime.connection.order(BeginAccepting(address: handle.number)) }

    func cover(_ stuck: Set<Int>, name: String, _ target: SocketTarget) {
        guard let target = Target(target, of: handle.runtime) else { return }
        _ = try? handle.runtime.call(
            CoverLoops(address: handle.number, stuck: stuck, name: name, target: target))
    }

    func close() { _ = try? handle.runtime.call(CloseAddress(address: handle.number)) }
}

final class RemoteInstance: RuntimeInstance {
    let handle: RemoteHandle
    let listener: String
    let generation: Int
    let created = MonotonicTime.now()
    let place: PublishedPlace
    /// How long `create`, `destroy` and operations may take.
    let callNanoseconds: UInt64
    private let draining = Atomic<Bool>(false)

    init(
        _ handle: RemoteHandle, _ listener: String, _ generation: Int, _ place: PublishedPlace, callNanoseconds: UInt64
    ) {
        self.handle = handle
        self.listener = listener
        self.generation = generation
        self.place = place
        self.callNanoseconds = callNanoseconds
    }

    deinit { runtime.remove(generation, of: listener, place.label) }

    private var number: Int { handle.number }
    private var runtime: RemoteRuntime { handle.runtime }
    var isOver: Bool { runtime.isOver }

    /// Without the connections of a host that has ended.
    var counts: ConnectionCounts {
        var sum = ConnectionCounts()
        for page in runtime.pages.loops { sum.add(page.record(place.record)) }
        if runtime.connection.isOver { (sum.open, sum.loans) = (0, 0) }
        return sum
    }

    var isRefusing: Bool {
        runtime.pages.loops[0].record(place.record).pointee.refusesUntil.value > MonotonicTime.now().nanoseconds
    }

    var isBusy: Bool { runtime.ask(IsBusy(instance: number)) ?? false }

    func canMigrate(to other: any RuntimeInstance) -> Bool {
        guard let other = runtime.number(of: other) else { return false }
        return runtime.ask(CanMigrate(instance: number, other: other)) ?? false
    }

    func start(_ options: OptionValue) throws(InstanceRefusal) {
        _ = try runtime.attempt(Start(instance: number, options: options), more: callNanoseconds) {
            InstanceRefusal($0)
        }
    }

    func adopt(only generation: Int?, afterCrash: Bool) -> Succession {
        let adopt = Adopt(instance: number, generation: generation, afterCrash: afterCrash)
        return (try? runtime.call(adopt, more: Self.adoptNanoseconds)) ?? Succession()
    }

    /// How long it may take to restore the sessions.
    private static let adoptNanoseconds: UInt64 = 60_000_000_000

    func measureCallbacks(over limit: Duration) {
        runtime.connection.order(MeasureCallbacks(instance: number, limit: limit))
    }

    var isDraining: Bool { draining.load(ordering: .relaxed) }

    var oldestConnectionSeconds: Double? {
        guard !runtime.connection.isOver else { return 0 }
        return (try? runtime.call(OldestConnection(instance: number)))?.seconds
    }

    func connections(atMost limit: Int) -> ConnectionList {
        guard !runtime.connection.isOver else { return ConnectionList() }
        return (try? runtime.call(ListConnections(instance: number, limit: limit)))
            ?? ConnectionList(isComplete: false)
    }

    func migrate(to other: any RuntimeInstance) -> SessionMoves {
        guard let other = runtime.number(of: other) else {
            pinSessions()
            var moves = SessionMoves()
            moves.pinned = Int(clamping: counts.open)
            return moves
        }
        return (try? runtime.call(Migrate(instance: number, other: other))) ?? SessionMoves()
    }

    func stateTransfer(to other: any RuntimeInstance) -> StateTransfer {
        guard let other = runtime.number(of: other) else { return .startsAnew("it runs in another host") }
        return runtime.ask(FindStateTransfer(instance: number, other: other)) ?? .none
    }

    func moveState(to other: any RuntimeInstance, timeout: Duration) throws(StateRefusal) -> StateMove {
        guard let other = runtime.number(of: other) else { throw StateRefusal(reason: "it runs in another host") }
        return try runtime.attempt(
            MoveState(instance: number, other: other, timeout: timeout),
            more: timeout.nanoseconds.adding(saturating: callNanoseconds)
        ) { StateRefusal(reason: $0) }
    }

    func endStandstill(with other: (any RuntimeInstance)?) {
        let known = other.flatMap { runtime.number(of: $0) }
        guard other == nil || known != nil else { return }
        _ = try? runtime.call(EndStandstill(instance: number, other: known))
    }

    func saveState(to file: Int32, timeout: Duration) throws(StateRefusal) -> StateMove {
        try runtime.attempt(
            SaveState(instance: number, timeout: timeout), [file],
            more: timeout.nanoseconds.adding(saturating: callNanoseconds)
        ) { StateRefusal(reason: $0) }
    }

    func restoreState(from file: Int32, timeout: Duration) throws(StateRefusal) {
        _ = try runtime.attempt(
            RestoreState(instance: number, timeout: timeout), [file],
            more: timeout.nanoseconds.adding(saturating: callNanoseconds)
        ) { StateRefusal(reason: $0) }
    }

    func tellStateMoved() { _ = try? runtime.call(TellStateMoved(instance: number), more: callNanoseconds) }
    func pinSessions() { _ = try? runtime.call(PinSessions(instance: number)) }

    func drain() {
        draining.store(true, ordering: .relaxed)
        _ = try? runtime.call(Drain(instance: number))
    }

    func cut() -> Int { (try? runtime.call(Cut(instance: number))) ?? 0 }

    func retire(onDrained: @escaping @Sendable () -> Void) {
        runtime.onDrained(number, onDrained)
        runtime.connection.order(Retire(instance: number))
    }

    /// With its host, an instance has ended too.
    func end() -> PluginInstance.Ending {
        (try? runtime.call(End(instance: number), more: callNanoseconds)) ?? .ended
    }
}
