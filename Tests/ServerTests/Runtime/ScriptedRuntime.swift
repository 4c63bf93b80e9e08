import Configuration
import Databases
import Engine
import Glibc
import HostInterface
import Synchronization
import TLS
import Telemetry
import Users

@testable import Instances
@testable import PluginHost
@testable import Server

/// A runtime without event loops and plugins. It writes down what it is asked, such as "point public at echo/1", and refuses what
/// the test says.
final class ScriptedRuntime: Runtime {
    struct Script {
        var asked: [String] = []
        /// What fails.
        var refused: Set<String> = []
        /// Counters of all instances.
        var counts = ConnectionCounts()
        /// The sockets that it was given, as inode numbers: the number of a descriptor is used again.
        var sockets: Set<UInt> = []
    }

    /// How often it has crashed. After a crash the same object is the next runtime, and everything made before it has ended.
    private let crashes = Atomic(0)

    private let onEnd = Mutex<(@Sendable (RuntimeEnd) -> Void)?>(nil)

    private let script = Mutex(Script())

    var asked: [String] { script.withLock { $0.asked } }

    /// Begins a new record.
    func refuse(_ refused: Set<String>, counts: ConnectionCounts = ConnectionCounts()) {
        script.withLock { $0 = Script(refused: refused, counts: counts) }
    }

    /// False: refused.
    @discardableResult
    fileprivate func note(_ text: String) -> Bool {
        script.withLock { script in
            script.asked.append(text)
            return !script.refused.contains(text)
        }
    }

    /// The inode numbers of the sockets that it was given since the record began.
    var sockets: Set<UInt> { script.withLock { $0.sockets } }

    /// Of what is made now.
    fileprivate var life: Int { crashes.load(ordering: .sequentiallyConsistent) }

    fileprivate var counts: ConnectionCounts { script.withLock { $0.counts } }

    var loopCount: Int { 2 }
    var processID: Int32? { nil }
    var keepers: [Int32] { [] }
    var publishedFile: Int32 { -1 }
    var arenaFile: Int32 { -1 }

    /// What it shows while it stands still: its number is the arena's.
    private let shown = Mutex<ScriptedEstate?>(nil)

    func show(_ estate: ScriptedEstate) { shown.withLock { $0 = estate } }

    var estate: (any RuntimeEstate)? { shown.withLock { $0 } }

    /// So many times it stands still for a renewal.
    let portions = Atomic(1)

    func standStill(portion: Int?) -> EngineStandstill.Standing? {
        guard note("stand still\(portion.map { " for portion \($0)" } ?? "")") else { return nil }
        return EngineStandstill.Standing(isLast: (portion ?? .max) >= portions.load(ordering: .relaxed) - 1)
    }

    func goOn(without taken: SlotSet?) -> Bool { note("go on \(taken.map { "without \($0.count)" } ?? "as it was")") }

    func inherit(
        arena: Int32, published: Int32, keepers: Int32, isAlive: Bool, hasOffered: Bool
    ) throws(InheritanceProblem) -> Inheritance {
        guard note("inherit \(arena)\(isAlive ? " alive" : "")") else {
            throw InheritanceProblem(text: "a keeper: Connection timed out")
        }
        var succession = Succession()
        var taken = SlotSet()
        if isAlive { taken.insert(7) } else { succession.lose(.busy) }
        return Inheritance(succession: succession, keepers: [arena + 1], taken: taken)
    }

    func lookAtKeepers() -> Bool { true }

    func endSuccession(stays: Bool) -> Succession {
        note("end succession\(stays ? ", which stays" : "")")
        return Succession()
    }

    var stuckLoops: [Int: String] { [:] }
    func load(
        _ image: StagedImage, _ plugin: PluginDescription, file: String
    ) throws(ImageRefusal) -> any RuntimeImage { ScriptedImage() }
    func makeListener(connections: Int, metrics: MetricFile?) -> any RuntimeListener { ScriptedListener(self, metrics) }
    func publish(_ listeners: [String: any RuntimeListener]) {}

    func open(
        _ descriptors: [Int32], shared: Bool, _ address: AddressDescription, name: String,
        for instance: any RuntimeInstance
    ) throws(ListenFailure) -> any RuntimeAddress {
        let address = ScriptedAddress(name, self)
        script.withLock { $0.sockets.formUnion(descriptors.compactMap(inode)) }
        guard note("open \(name) for \(instance.text)") else {
            throw ListenFailure(text: "event loop 1 does not turn")
        }
        return address
    }

    func point(
        _ addresses: [(address: any RuntimeAddress, name: String)], at target: SocketTarget, _ insistence: Insistence
    ) -> String? {
        let candidate = target.candidate.map { ", \(target.share) % at \($0.text)" } ?? ""
        let names = addresses.map(\.name).sorted().joined(separator: " and ")
        let isDone = note("point \(names) at \(target.current.text)\(candidate)")
        return isDone || insistence == .settled ? nil : "event loop 1 does not turn"
    }

    func call(
        _ operation: String, _ arguments: [String], of instance: any RuntimeInstance
    ) throws(OperationFailure) -> OperationReport {
        throw OperationFailure("a script has no operations")
    }

    func apply(_ settings: RuntimeSettings, resizingWorkers: Bool) {}
    func beginDraining() {}
    func change(_ workers: WorkersChange) {}
    var activity: RuntimeActivity { RuntimeActivity(connections: 0, work: 0, calls: 0) }
    var pauses: AcceptPauses { AcceptPauses() }
    func databases(_ change: (name: String, change: DatabaseChange)?) -> [DatabaseReport] { [] }
    var databases: [DatabaseReport] { [] }
    func askDatabase(
        _ name: String, _ question: DatabaseTaskQuestion
    ) throws(DatabaseTaskProblem) -> DatabaseTaskReport? { nil }
    func users(_ question: UserQuestion, in database: String) throws(UserProblem) -> [UserRecord]? { nil }
    func findStalls() -> [String] { [] }
    func watch(onStuck: @escaping @Sendable () -> Void) {}
    func onEnd(_ body: @escaping @Sendable (RuntimeEnd) -> Void) { onEnd.withLock { $0 = body } }
    var isOver: Bool { false }
    func reopenLog(_ log: ProcessLog) {}
    func stop() {}
    func abandon() {}

    /// Ends as a host does that crashes in a callback of an instance.
    ///
    /// - Parameter estate: what it leaves.
    func crash(in listener: String, _ generation: Int, leaving estate: (any RuntimeEstate)? = nil) {
        let label = PublishedPlace(listener: listener, generation).label
        crashes.add(1, ordering: .sequentiallyConsistent)
        var end = RuntimeEnd(
            cause: "SIGSEGV", callbacks: [RunningCallback.Observation(sequence: 1, label: label, kind: .received)])
        end.estate = estate
        onEnd.withLock { $0 }?(end)
    }

    var report: RuntimeReport {
        RuntimeReport(
            loops: [],
            workers: WorkersReport(
                threads: 0, minimum: 0, maximum: 0, isPaused: false, queueLimit: 0, queued: 0, running: 0, submitted: 0,
                completed: 0, rejected: 0, delayP50Microseconds: 0, delayP99Microseconds: 0, delayWorstMicroseconds: 0,
                jobs: []),
            bufferBytes: 0, retiredImages: RetiredImageReport())
    }
}

/// What a scripted runtime leaves.
final class ScriptedEstate: RuntimeEstate {
    private let arena: Int32
    private let runtime: ScriptedRuntime

    init(arena: Int32, _ runtime: ScriptedRuntime) { (self.arena, self.runtime) = (arena, runtime) }

    var descriptors: (arena: Int32, published: Int32, keepers: Int32) { (arena, -1, -1) }

    func release(_ keepers: [Int32]) { runtime.note("release \(arena) of \(keepers)") }
}

private final class ScriptedImage: RuntimeImage {}

private final class ScriptedListener: RuntimeListener {
    private let runtime: ScriptedRuntime

    let metrics: MetricFile?

    init(_ runtime: ScriptedRuntime, _ metrics: MetricFile?) { (self.runtime, self.metrics) = (runtime, metrics) }

    func makeInstance(
        of image: any RuntimeImage, for listener: String, generation: Int, _ settings: InstanceSettings
    ) throws(InstanceRefusal) -> any RuntimeInstance {
        ScriptedInstance(listener, generation, runtime)
    }

    func setLimits(connections: Int, workersShare: Int) {}
    func setSecurity(_ material: TLSMaterial?) {}
}

private final class ScriptedInstance: RuntimeInstance {
    let listener: String
    let generation: Int
    let created = MonotonicTime.now()
    private let runtime: ScriptedRuntime
    private let life: Int

    init(_ listener: String, _ generation: Int, _ runtime: ScriptedRuntime) {
        (self.listener, self.generation, self.runtime) = (listener, generation, runtime)
        life = runtime.life
    }

    var isOver: Bool { life != runtime.life }
    var place: PublishedPlace { PublishedPlace(listener: listener, generation) }
    var counts: ConnectionCounts { runtime.counts }
    var isRefusing: Bool { false }
    var isBusy: Bool { false }
    var isDraining: Bool { false }
    var oldestConnectionSeconds: Double? { 0 }
    func connections(atMost limit: Int) -> ConnectionList { ConnectionList() }
    func canMigrate(to other: any RuntimeInstance) -> Bool { true }

    func start(_ options: OptionValue) throws(InstanceRefusal) {
        guard runtime.note("start \(text)") else {
            throw InstanceRefusal(problems: [OptionRefusal(path: "", message: "not today")])
        }
    }

    func migrate(to other: any RuntimeInstance) -> SessionMoves {
        runtime.note("migrate \(text) to \(other.text)")
        return SessionMoves()
    }

    func stateTransfer(to other: any RuntimeInstance) -> StateTransfer { .none }
    func moveState(to other: any RuntimeInstance, timeout: Duration) throws(StateRefusal) -> StateMove { StateMove() }
    func endStandstill(with other: (any RuntimeInstance)?) { runtime.note("end standstill of \(text)") }
    func saveState(to file: Int32, timeout: Duration) throws(StateRefusal) -> StateMove { StateMove() }
    func restoreState(from file: Int32, timeout: Duration) throws(StateRefusal) {}
    func tellStateMoved() {}
    func measureCallbacks(over limit: Duration) {}

    func adopt(only generation: Int?, afterCrash: Bool) -> Succession {
        runtime.note(
            "adopt \(generation.map { "those of \(listener)/\($0)" } ?? "the others of \(listener)") in \(text)"
                + (afterCrash ? "" : ", planned"))
        var succession = Succession()
        succession.adopted = 1
        return succession
    }
    func pinSessions() {}
    func drain() {}
    func cut() -> Int { 0 }
    func retire(onDrained: @escaping @Sendable () -> Void) { runtime.note("retire \(text)") }
    func end() -> PluginInstance.Ending { runtime.note("end \(text)") ? .ended : .later }
}

private final class ScriptedAddress: RuntimeAddress {
    private let name: String
    private let runtime: ScriptedRuntime
    var descriptors: [Int32] { [] }

    init(_ name: String, _ runtime: ScriptedRuntime) { (self.name, self.runtime) = (name, runtime) }

    func beginAccepting() { runtime.note("accept from \(name)") }
    func cover(_ stuck: Set<Int>, name: String, _ target: SocketTarget) {}

    func close() { runtime.note("close \(name)") }
}

extension PublishedPlace {
    /// Of a scripted instance.
    fileprivate init(listener: String, _ generation: Int) {
        self.init(record: 0, label: listener.utf8.reduce(0) { $0 &* 31 &+ UInt32($1) } & 0xFFFF00 | UInt32(generation))
    }
}

extension RuntimeInstance {
    fileprivate var text: String { "\(listener)/\(generation)" }
}

/// The inode number of an open socket.
func inode(of descriptor: Int32) -> UInt? {
    var status = stat()
    return fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFSOCK ? status.st_ino : nil
}
