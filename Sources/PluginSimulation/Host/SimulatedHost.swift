import CMartlet
import PluginABI
import Synchronization

/// A host for tests of plugins: no sockets, no threads, a clock that stands still until the test moves it. It keeps to the
/// contract of `martlet.h`, and notes where the plugin does not.
///
///     let host = try SimulatedHost(Echo.self)
///     let connection = host.connect()
///     connection.send("hello", split: .everyByte)
///     #expect(connection.takeOutput() == Array("hello".utf8))
///     #expect(host.shutDown() == [])
///
/// One instance of a plugin, with one or more event loops; all runs on the thread of the test. Not for use from several
/// threads, except what a plugin may call from any: logs, metrics, `submit` and `post`.
public final class SimulatedHost {
    /// What plugins read as the version of the host. Set before the first host is made.
    nonisolated(unsafe) package static var version = "simulated"

    /// Seconds since 1970 when the host starts.
    public static let wallClockStart: Int64 = 1_700_000_000

    let plugin: PluginFunctions
    let limits: HostLimits
    let loopCount: Int
    let telemetry: Telemetry
    let work: WorkQueue

    private var state: UnsafeMutableRawPointer?
    /// One for each loop that has started.
    var environments: [UnsafeMutablePointer<martlet_env>] = []
    /// For calls that belong to no loop.
    let environment = UnsafeMutablePointer<martlet_env>.allocate(capacity: 1)
    var isCreating = false
    private var isRunning = false

    /// Not from 0: whoever mistakes "no time" for a time is found out.
    var nanoseconds: UInt64 = 1_000_000_000_000

    /// Of all hosts of the process, from 1.
    let ordinal = SimulatedHost.nextOrdinal()
    /// Number of the instance on its listener, as `martlet.host-info/1` tells it.
    public internal(set) var generation = 1
    /// Bytes above the high-water mark: a plugin that goes on writing after FULL is stopped there.
    package var outputOverrun = 16 << 20

    /// Told before each call into the plugin.
    private let onCall: ((PluginCall) -> Void)?
    /// The last one; nil before the first.
    private(set) var call: PluginCall?
    package private(set) var callCount = 0

    var loansTaken = 0
    var loansGivenBack = 0
    /// Shut down, but for the end of the instance, which waits for what it has lent.
    private var isEnding = false

    /// Those that were made here; some may have moved away.
    var connectionCount = 0

    /// All that were made, in order; those that ended stay, so that their handles stay valid.
    public internal(set) var connections: [SimulatedConnection] = []
    /// Those whose sessions go on in another instance.
    var movedAway: [SimulatedConnection] = []

    /// What the plugin told with `request_done`.
    public internal(set) var requests: [RequestRecord] = []

    /// Makes an instance of any plugin.
    ///
    /// - Parameters:
    ///   - descriptor: what `martlet_plugin_entry` returned.
    ///   - options: a table, checked against the plugin's schema; defaults are filled in.
    ///   - loops: on each, `loop_start` is called.
    ///   - limits: what the host holds its connections to.
    public convenience init(
        descriptor: UnsafeRawPointer, options: OptionLiteral = [:], loops: Int = 1, limits: HostLimits = HostLimits()
    ) throws(SimulationError) {
        let plugin = try PluginFunctions(descriptor)
        let tree = try OptionTree(options, for: plugin)
        try self.init(plugin, options: tree.root, loops: loops, limits: limits, generation: 1, onCall: nil)
        withExtendedLifetime(tree) {}
    }

    /// Makes the instance that comes after another on the same listener, with its loops, limits, clock, log level and
    /// metrics. Sessions stay where they are until `swap(to:)`.
    package convenience init(
        descriptor: UnsafeRawPointer, options: OptionLiteral, after previous: SimulatedHost
    ) throws(SimulationError) {
        let plugin = try PluginFunctions(descriptor)
        let tree = try OptionTree(options, for: plugin)
        try self.init(
            plugin, options: tree.root, loops: previous.loopCount, limits: previous.limits,
            generation: previous.generation + 1, onCall: nil, after: previous)
        withExtendedLifetime(tree) {}
    }

    /// Makes an instance of a plugin whose options have been checked.
    ///
    /// - Parameters:
    ///   - options: valid for this call.
    ///   - onCall: told before each call into the plugin.
    package convenience init(
        descriptor: UnsafePointer<martlet_plugin>, options: UnsafePointer<martlet_value>, loops: Int,
        limits: HostLimits, generation: Int, onCall: @escaping (PluginCall) -> Void
    ) throws(SimulationError) {
        try self.init(
            PluginFunctions(UnsafeRawPointer(descriptor)), options: options, loops: loops, limits: limits,
            generation: generation, onCall: onCall)
    }

    private init(
        _ plugin: PluginFunctions, options: UnsafePointer<martlet_value>, loops: Int, limits: HostLimits,
        generation: Int, onCall: ((PluginCall) -> Void)?, after previous: SimulatedHost? = nil
    ) throws(SimulationError) {
        self.plugin = plugin
        telemetry = Telemetry(metrics: previous?.telemetry.metrics ?? MetricTable())
        if let previous {
            telemetry.leastLevel = previous.telemetry.leastLevel
            nanoseconds = previous.nanoseconds
        }
        self.limits = limits
        self.generation = generation
        self.onCall = onCall
        loopCount = max(loops, 1)
        work = WorkQueue(limit: limits.workQueue)
        environment.initialize(to: martlet_env())
        environment.pointee.size = UInt32(MemoryLayout<martlet_env>.size)
        environment.pointee.loop = .max
        environment.pointee.host = HostFunctions.table
        environment.pointee.instance = handle
        try create(options)
        try startLoops()
        isRunning = true
    }

    /// Before each call into the plugin.
    func begin(_ call: PluginCall) {
        self.call = call
        callCount += 1
        onCall?(call)
    }

    private var handle: OpaquePointer { OpaquePointer(Unmanaged.passUnretained(self).toOpaque()) }

    private func create(_ options: UnsafePointer<martlet_value>) throws(SimulationError) {
        isCreating = true
        begin(.create)
        let result = plugin.create(plugin.descriptor, HostFunctions.table, handle, options, &state)
        isCreating = false
        environment.pointee.state = state
        guard result == MARTLET_OK else { throw .refused(telemetry.refusals, result: result) }
        if !telemetry.refusals.isEmpty { telemetry.violation("create called refuse and returned OK", in: .create) }
    }

    private func startLoops() throws(SimulationError) {
        for loop in 0..<loopCount {
            let env = UnsafeMutablePointer<martlet_env>.allocate(capacity: 1)
            env.initialize(to: environment.pointee)
            env.pointee.loop = UInt32(loop)
            var made: UnsafeMutableRawPointer?
            if plugin.callbacks.loopStart != nil { begin(.loopStart) }
            let result = plugin.callbacks.loopStart?(env, &made) ?? MARTLET_OK
            guard result == MARTLET_OK else {
                env.deallocate()
                stopLoops()
                begin(.destroy)
                plugin.destroy(state)
                throw .loopRefused(loop, result: result)
            }
            env.pointee.loop_state = made
            environments.append(env)
        }
    }

    private func stopLoops() {
        for env in environments {
            if let loopStop = plugin.callbacks.loopStop {
                begin(.loopStop)
                loopStop(env)
            }
            env.deallocate()
        }
        environments = []
    }

    /// Closes what is open, runs the work that is left, destroys the instance.
    ///
    /// - Returns: everything that went wrong in the life of this host; empty when the plugin kept all rules.
    @discardableResult
    public func shutDown() -> [String] {
        guard isRunning else { return problems }
        isRunning = false
        for connection in connections { connection.endConnection(MARTLET_CLOSED_SHUTDOWN, reset: true) }
        // The instance is not destroyed before what it submitted has run; deliveries find their connection gone. What
        // would go on for ever is told that the host stops.
        runWork(limit: 100_000)
        work.stop()
        runWork()
        isEnding = true
        endIfIdle()
        return problems
    }

    /// The instance is destroyed once what it has lent is back: sessions that moved may still send it.
    func endIfIdle() {
        guard isEnding, loansTaken == loansGivenBack else { return }
        isEnding = false
        stopLoops()
        begin(.destroy)
        plugin.destroy(state)
        state = nil
    }

    /// Rules that the plugin has broken so far.
    public var problems: [String] {
        let lost = loansTaken - loansGivenBack
        let open = (connections + movedAway).contains { $0.outcome == nil }
        return telemetry.violations.map(\.description)
            + (!open && lost != 0 ? ["\(lost) release functions were not called"] : [])
    }

    deinit {
        shutDown()
        environment.deallocate()
    }

    private static let ordinals = Atomic<UInt32>(0)

    private static func nextOrdinal() -> UInt32 { ordinals.wrappingAdd(1, ordering: .relaxed).newValue }
}
