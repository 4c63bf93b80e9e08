import CMartlet
import MartletKit

/// A host for tests of plugins: no sockets, no threads, a clock that stands still until the test moves it. It keeps the
/// contract of `martlet.h` in every detail that a plugin can see, and notes where the plugin does not.
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
    /// Seconds since 1970 when the host starts.
    public static let wallClockStart: Int64 = 1_700_000_000

    let plugin: PluginFunctions
    let limits: HostLimits
    let loopCount: Int
    let telemetry = Telemetry()
    let work: WorkQueue

    var state: UnsafeMutableRawPointer?
    var loopStates: [UnsafeMutableRawPointer?] = []
    var isCreating = false
    private var isRunning = false

    /// Not from 0: whoever mistakes "no time" for a time is found out.
    var nanoseconds: UInt64 = 1_000_000_000_000

    var loansTaken = 0
    var loansGivenBack = 0

    /// All that were made, in order; those that ended stay, so that their handles stay valid.
    public internal(set) var connections: [SimulatedConnection] = []

    /// What the plugin told with `request_done`.
    public internal(set) var requests: [RequestRecord] = []

    /// Makes an instance of a plugin written with MartletKit.
    public convenience init<P: Plugin>(
        _ plugin: P.Type, options: OptionLiteral = [:], loops: Int = 1, limits: HostLimits = HostLimits()
    ) throws(SimulationError) {
        try self.init(descriptor: exportPlugin(plugin), options: options, loops: loops, limits: limits)
    }

    /// Makes an instance of any plugin.
    ///
    /// - Parameters:
    ///   - descriptor: what `martlet_plugin_entry` returned.
    ///   - options: a table, checked against the plugin's schema; defaults are filled in.
    ///   - loops: on each, `loop_start` is called.
    public init(
        descriptor: UnsafeRawPointer, options: OptionLiteral = [:], loops: Int = 1, limits: HostLimits = HostLimits()
    ) throws(SimulationError) {
        plugin = try PluginFunctions(descriptor)
        self.limits = limits
        loopCount = max(loops, 1)
        work = WorkQueue(limit: limits.workQueue)
        guard case .table(let members) = options else { throw .option(path: "", "the options are not a table") }
        let tree = OptionTree(try CheckedOption.members(members, of: plugin.options, path: ""))
        try create(tree)
        try startLoops()
        isRunning = true
    }

    private var handle: OpaquePointer { OpaquePointer(Unmanaged.passUnretained(self).toOpaque()) }

    private func create(_ options: OptionTree) throws(SimulationError) {
        isCreating = true
        let result = plugin.create(HostFunctions.table, handle, options.root, &state)
        isCreating = false
        guard result == MARTLET_OK else { throw .refused(telemetry.refusals, result: result) }
        if !telemetry.refusals.isEmpty { telemetry.violation("create called refuse and returned OK") }
    }

    private func startLoops() throws(SimulationError) {
        for loop in 0..<loopCount {
            var made: UnsafeMutableRawPointer?
            let result = plugin.loopStart?(state, UInt32(loop), &made) ?? MARTLET_OK
            guard result == MARTLET_OK else {
                stopLoops()
                plugin.destroy(state)
                throw .loopRefused(loop, result: result)
            }
            loopStates.append(made)
        }
    }

    private func stopLoops() {
        for (loop, state) in loopStates.enumerated() { plugin.loopStop?(self.state, UInt32(loop), state) }
        loopStates = []
    }

    /// Closes what is open, runs the work that is left, destroys the instance.
    ///
    /// - Returns: everything that went wrong in the life of this host; empty when the plugin kept all rules.
    @discardableResult
    public func shutDown() -> [String] {
        guard isRunning else { return problems }
        isRunning = false
        for connection in connections { connection.endConnection(.shutdown, reset: true) }
        // The instance is not destroyed before what it submitted has run; deliveries find their connection gone.
        runWork()
        work.stop()
        stopLoops()
        plugin.destroy(state)
        state = nil
        return problems
    }

    /// Rules that the plugin has broken so far.
    public var problems: [String] {
        let lost = loansTaken - loansGivenBack
        let open = connections.contains { $0.end == nil }
        return telemetry.violations + (!open && lost != 0 ? ["\(lost) release functions were not called"] : [])
    }

    deinit { shutDown() }
}
