import CMartlet
import MartletKit

/// A host for tests of plugins: the server's own engine, without sockets and threads, and with a clock that stands still until the test
/// moves it. It notes every rule of `martlet.h` that the plugin breaks.
///
///     let host = try SimulatedHost(Echo.self)
///     let connection = host.connect()
///     connection.send("hello", split: .everyByte)
///     #expect(connection.takeOutput() == Array("hello".utf8))
///     #expect(host.shutDown() == [])
///
/// One instance of a plugin, with one or more event loops. Everything runs on the thread of the test. Not for use from several threads,
/// except what a plugin may call from any: logs, metrics, `submit` and `post`.
public final class SimulatedHost {
    /// Seconds since 1970 when the host starts.
    public static let wallClockStart: Int64 = 1_700_000_000

    let handle: OpaquePointer
    /// Shared with earlier and later generations.
    let family: Family
    /// Of the log lines, how many the test has taken.
    private var takenLogs = 0

    /// Related hosts and their peers. Whoever has a host or a connection keeps the memory of all.
    final class Family {
        struct Peer {
            let handle: OpaquePointer
            let address: PeerAddress
            let local: PeerAddress
            let endpoint: String
            var readsAtOnce: Bool
        }

        var peers: [Peer] = []
        fileprivate var hosts: [OpaquePointer] = []

        deinit { for host in hosts { simulation.pointee.release(host) } }
    }

    /// Makes an instance of any plugin.
    ///
    /// - Parameters:
    ///   - descriptor: what `martlet_plugin_entry` returned.
    ///   - options: a table, checked against the plugin's schema; defaults are filled in.
    ///   - loops: the number of event loops; each has its own `LoopState`.
    ///   - limits: the limits of the host's connections.
    ///   - hasUsers: clients must log in; see `setUser`.
    public convenience init(
        descriptor: UnsafeRawPointer, options: OptionLiteral = [:], loops: Int = 1, limits: HostLimits = HostLimits(),
        hasUsers: Bool = false
    ) throws(SimulationError) {
        _ = try SimulationLibrary.loaded.get()
        var settings = martlet_simulation_settings()
        settings.size = UInt32(MemoryLayout<martlet_simulation_settings>.size)
        settings.loops = UInt32(clamping: loops)
        settings.output_high_water = UInt64(limits.outputHighWater)
        settings.output_low_water = UInt64(limits.outputLowWater)
        settings.maximum_input = UInt64(limits.maximumInput)
        settings.work_queue = UInt64(limits.workQueue)
        try self.init(options, hasUsers, Family()) { listener, error in
            settings.listener = listener
            return simulation.pointee.create(
                descriptor.assumingMemoryBound(to: martlet_plugin.self), &settings, error)
        }
    }

    /// Makes an instance of a plugin that is written with MartletKit.
    ///
    /// - Parameters:
    ///   - plugin: its type; several hosts may use the same type.
    ///   - options: a table, checked against the manifest; defaults are filled in.
    ///   - loops: the number of event loops; each has its own `LoopState`.
    ///   - limits: the limits of the host's connections.
    ///   - hasUsers: clients must log in; see `setUser`.
    public convenience init<P: Plugin>(
        _ plugin: P.Type, options: OptionLiteral = [:], loops: Int = 1, limits: HostLimits = HostLimits(),
        hasUsers: Bool = false
    ) throws(SimulationError) {
        try self.init(
            descriptor: exportPlugin(plugin), options: options, loops: loops, limits: limits, hasUsers: hasUsers)
    }

    /// Creates the next instance on the listener of this one, as a reload does, from the same or another version of the plugin: with the
    /// same loops, limits, clock, log level and metrics. `swap(to:)` then moves the sessions.
    ///
    /// - Parameters:
    ///   - plugin: its type.
    ///   - options: a table, checked against the manifest; defaults are filled in.
    ///   - hasUsers: clients must log in; see `setUser`.
    public func nextGeneration<P: Plugin>(
        _ plugin: P.Type, options: OptionLiteral = [:], hasUsers: Bool = false
    ) throws(SimulationError) -> SimulatedHost {
        let (handle, descriptor) = (handle, exportPlugin(plugin))
        return try SimulatedHost(options, hasUsers, family) { listener, error in
            simulation.pointee.next_generation(
                handle, descriptor.assumingMemoryBound(to: martlet_plugin.self), listener, error)
        }
    }

    private init(
        _ options: OptionLiteral, _ hasUsers: Bool, _ family: Family,
        _ make: (martlet_text, UnsafeMutablePointer<martlet_simulation_error>) -> OpaquePointer?
    ) throws(SimulationError) {
        var error = martlet_simulation_error()
        error.size = UInt32(MemoryLayout<martlet_simulation_error>.size)
        guard let handle = withText(try options.listenerFile(hasUsers: hasUsers), { make($0, &error) }) else {
            throw SimulationError(error)
        }
        self.handle = handle
        self.family = family
        family.hosts.append(handle)
    }

    deinit { simulation.pointee.shut_down(handle) }

    /// Number of the instance on its listener, from 1.
    public var generation: Int { Int(simulation.pointee.generation(handle)) }

    /// Adds a user of the listener, or replaces it. The host was made with `hasUsers`.
    public func setUser(_ user: User, password: String) {
        let texts = [Array(user.name.utf8)] + user.prefixes
        let block = Array(texts.joined())
        let result = block.withUnsafeBytes { block in
            var start = 0
            let views = texts.map { text in
                defer { start += text.count }
                let part = text.isEmpty ? nil : block.baseAddress! + start
                return martlet_text(data: part?.assumingMemoryBound(to: CChar.self), length: text.count)
            }
            var given = martlet_user()
            given.size = UInt32(MemoryLayout<martlet_user>.size)
            given.rights = user.isReadOnly ? MARTLET_USER_READ_ONLY : 0
            given.name = views[0]
            return views.withUnsafeBufferPointer { views in
                given.prefix_count = views.count - 1
                given.prefixes = views.baseAddress! + 1
                return withText(password) { simulation.pointee.set_user(handle, &given, $0) }
            }
        }
        precondition(result == MARTLET_OK, "the host was made without hasUsers, or the user makes no sense")
    }

    // MARK: Running

    /// A peer connects: `opened`.
    ///
    /// - Parameters:
    ///   - loop: the event loop that takes the connection, from 0.
    ///   - readsAtOnce: false: output waits until the test lets the peer `read`.
    ///   - address: the peer's; nil: 127.0.0.1, port 10,000 and the number of the connection.
    ///   - local: what the peer connects to; nil: 127.0.0.1, port 9,999.
    ///   - endpoint: the name of the listener's endpoint.
    public func connect(
        loop: Int = 0, readsAtOnce: Bool = true, from address: PeerAddress? = nil, to local: PeerAddress? = nil,
        endpoint: String = "127.0.0.1:9999"
    ) -> SimulatedConnection {
        var arrival = martlet_simulation_arrival()
        arrival.size = UInt32(MemoryLayout<martlet_simulation_arrival>.size)
        arrival.loop = UInt32(clamping: loop)
        arrival.does_not_read = readsAtOnce ? 0 : 1
        var (from, to) = (address?.asStruct ?? martlet_address(), local?.asStruct ?? martlet_address())
        let peer = withUnsafePointer(to: &from) { from in
            withUnsafePointer(to: &to) { to in
                if address != nil { arrival.peer = from }
                if local != nil { arrival.local = to }
                return withText(endpoint) { endpoint in
                    arrival.endpoint = endpoint
                    return simulation.pointee.connect(handle, &arrival)
                }
            }
        }
        guard let peer else { preconditionFailure("no loop \(loop), or the host was shut down") }
        let port = UInt16(truncatingIfNeeded: 10_001 + family.peers.count)
        family.peers.append(
            Family.Peer(
                handle: peer, address: address ?? .ipv4([127, 0, 0, 1], port: port),
                local: local ?? .ipv4([127, 0, 0, 1], port: 9_999), endpoint: endpoint, readsAtOnce: readsAtOnce))
        return SimulatedConnection(family, family.peers.count - 1)
    }

    /// All that were made, or have moved here, in order, and not moved away; those that ended stay.
    public var connections: [SimulatedConnection] {
        family.peers.indices.map { SimulatedConnection(family, $0) }.filter { $0.state.host == handle }
    }

    /// Those whose session still exists, in the order of `connect`.
    public var openConnections: [SimulatedConnection] { connections.filter(\.isOpen) }

    /// Moves the clock on. Timers that come due fire in their order, each at its own time.
    public func advance(by duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let (whole, overflow) = UInt64(max(seconds, 0)).multipliedReportingOverflow(by: 1_000_000_000)
        let part = UInt64(max(attoseconds, 0) / 1_000_000_000)
        simulation.pointee.advance(handle, overflow ? .max : whole + part)
    }

    /// Time since the host started.
    public var elapsed: Duration { .nanoseconds(Int64(clamping: simulation.pointee.elapsed(handle))) }

    /// Tells every session to finish: `draining`.
    public func drain() { simulation.pointee.drain(handle) }

    /// Work and deliveries that wait for `runWork`.
    public var waitingWork: Int { simulation.pointee.waiting_work(handle) }

    /// Runs what the plugin submitted and posted, in order, with what it adds meanwhile, at most `limit` of it. Returns how many were run.
    @discardableResult
    public func runWork(limit: Int = .max) -> Int { simulation.pointee.run_work(handle, limit) }

    /// Moves every session to a later or earlier generation, as a reload with `on_reload = "migrate"` does. Those that cannot move now
    /// follow after a later callback.
    @discardableResult
    public func swap(to next: SimulatedHost) -> [SimulatedConnection.Move] {
        var moves: UnsafePointer<martlet_simulated_move>?
        let count = simulation.pointee.swap(handle, next.handle, &moves)
        return UnsafeBufferPointer(start: moves, count: count).map { SimulatedConnection.Move($0) }
    }

    /// Calls an operation of the plugin where it wants to run: once, or on each loop.
    ///
    /// - Parameters:
    ///   - name: of the operation.
    ///   - arguments: as a person would write them; they are checked against the signature.
    /// - Returns: a text for each result, as it is printed: `"42"`, `"true"`, `""` of `void`.
    @discardableResult
    public func call(_ name: String, _ arguments: String...) throws(SimulationError) -> [String] {
        var error = martlet_simulation_error()
        error.size = UInt32(MemoryLayout<martlet_simulation_error>.size)
        var results: UnsafePointer<martlet_text>?
        let texts = arguments.map { argument in
            let memory = UnsafeMutableBufferPointer<CChar>.allocate(capacity: max(argument.utf8.count, 1))
            _ = memory.initialize(from: argument.utf8.map { CChar(bitPattern: $0) })
            return martlet_text(data: memory.baseAddress, length: argument.utf8.count)
        }
        defer { for text in texts { text.data?.deallocate() } }
        let count = withText(name) {
            simulation.pointee.call(handle, $0, texts, texts.count, &results, &error)
        }
        guard count >= 0 else { throw SimulationError(error) }
        return (0..<Int(count)).map { String(results![$0]) }
    }

    /// Closes what is open, runs the work that is left, destroys the instance.
    ///
    /// - Returns: everything that went wrong in the life of this host; empty when the plugin kept all rules.
    @discardableResult
    public func shutDown() -> [String] {
        simulation.pointee.shut_down(handle)
        return problems
    }

    // MARK: Records

    /// Rules that the plugin has broken so far.
    public var problems: [String] {
        (0..<simulation.pointee.problem_count(handle)).map {
            String(simulation.pointee.problem(handle, $0))
        }
    }

    /// The lowest level of log lines that the host keeps, as an operator would set it. Initially `.trace`: all lines.
    public var logLevel: LogLevel = .trace {
        didSet { simulation.pointee.set_log_level(handle, logLevel.rawValue) }
    }

    /// The lines that the plugin logged since `takeLogs`, in order.
    public var logs: [LogRecord] {
        (takenLogs..<simulation.pointee.log_count(handle)).map { index in
            var line = martlet_simulated_log()
            line.size = UInt32(MemoryLayout<martlet_simulated_log>.size)
            _ = simulation.pointee.log(handle, index, &line)
            return LogRecord(LogLevel(rawValue: line.level), String(line.message))
        }
    }

    /// The lines that the plugin logged since the last call.
    public func takeLogs() -> [LogRecord] {
        let lines = logs
        takenLogs += lines.count
        return lines
    }

    /// What the plugin told with `request_done`.
    public var requests: [RequestRecord] {
        (0..<simulation.pointee.request_count(handle)).map { index in
            var record = martlet_simulated_request()
            record.size = UInt32(MemoryLayout<martlet_simulated_request>.size)
            _ = simulation.pointee.request(handle, index, &record)
            return RequestRecord(record)
        }
    }

    /// All metrics by name, those of earlier generations too.
    public var metrics: [String: Int64] {
        var metrics: [String: Int64] = [:]
        for index in 0..<simulation.pointee.metric_count(handle) {
            var (name, value) = (martlet_text(), Int64(0))
            guard simulation.pointee.metric_at(handle, index, &name, &value) == MARTLET_OK else { continue }
            metrics[String(name)] = value
        }
        return metrics
    }

    /// nil: the plugin registered none of this name.
    public func metric(_ name: String) -> Int64? { metrics[name] }
}
