import Addresses
import CMartlet
import Glibc
import Listening
import PluginABI
import Testing
import Threads

@testable import Engine

/// An engine with one event loop, listening sockets on 127.0.0.1, and generations of an echo.
///
/// A session is two numbers: the bytes that it has received, and the generation that it is in. It sends back what it gets, except
/// for the commands `?` (the generation), `#` (the connection's id), `n` (the bytes so far), `o` (a number that grows with each `o`
/// of the process) and `l` (each lends a megabyte).
final class Station {
    let engine: Engine
    let admission: Admission
    private(set) var generations: [Generation] = []

    init(connections: Int = 0, maximumConnections: Int = 100) throws {
        engine = try Engine(
            EngineSettings(
                loopCount: 1, workers: WorkerSettings(minimum: 1, maximum: 1, queueLimit: 4),
                maximumConnections: maximumConnections, maximumBufferMemory: 0))
        admission = Admission(connections: connections, listeners: engine.listeners)
    }

    var loop: EventLoop { engine.loops[0] }

    /// Runs a function on the loop. Throws when it does not answer.
    @discardableResult
    func onLoop<Answer: Sendable>(_ body: @escaping @Sendable (LoopPointer) -> Answer) throws -> Answer {
        try #require(loop.ask(by: .after(milliseconds: 10_000), body))
    }

    /// Another generation of the echo, started on the loop.
    ///
    /// - Parameters:
    ///   - admission: the admission of another listener; nil: the station's.
    ///   - onWorkers: its callbacks run there, and its sessions are plain.
    func generation(
        state: StateFormat? = StateFormat(), admission: Admission? = nil, onWorkers: Bool = false
    ) throws -> Generation {
        let plugin = onWorkers ? EchoSession.plain : EchoSession.plugin(state)
        let made = try Generation(
            generations.count + 1, plugin, usesWorkers: onWorkers, admission ?? self.admission, self)
        generations.append(made)
        nonisolated(unsafe) let binding = made.binding
        #expect(try onLoop { $0.start(binding) } == MARTLET_OK)
        return made
    }

    func listen(_ generation: Generation) throws -> Listener {
        let group = try Self.group()
        return try listen(generation, at: group.address, group.descriptors[0])
    }

    /// Accepts from the socket of another station too.
    func listen(_ generation: Generation, with other: Listener) throws -> Listener {
        try listen(generation, at: other.address, dup(other.socket.pointee.descriptor))
    }

    private func listen(
        _ generation: Generation, at address: ListenAddress, _ descriptor: Int32
    ) throws -> Listener {
        nonisolated(unsafe) let binding = generation.binding
        nonisolated(unsafe) let socket = try onLoop { core in
            Sent(core.listen(descriptor: descriptor, shared: false, binding: binding))
        }.value
        return Listener(address: address, socket: socket)
    }

    func stop(_ listener: Listener) throws {
        nonisolated(unsafe) let socket = listener.socket
        try onLoop { $0.stopListening(socket) }
    }

    static func group() throws -> ListeningSocketGroup {
        let group = try ListeningSocketGroup.open(
            .ipv4(.loopback, port: 0),
            options: ListeningSocketOptions(backlog: 16, unixMode: 0o600), count: 1, exclusive: true)
        try group.listen()
        return group
    }

    /// Waits until all generations are idle, then stops the engine. Listeners must have been stopped.
    func end() throws {
        for generation in generations { try waitUntil("the generation is idle") { generation.isIdle } }
        for generation in generations {
            nonisolated(unsafe) let binding = generation.binding
            try onLoop { $0.stop(binding) }
        }
        engine.stop()
    }
}

struct Listener {
    let address: ListenAddress
    let socket: ListeningSocketPointer
}

/// A pointer on its way between two threads.
struct Sent<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
}

/// One generation of the echo, on the only loop of its station.
final class Generation {
    let binding: BindingPointer
    let ledger = InstanceLedger(label: 0, faults: FaultMonitor(FaultPolicy()) { 0 })
    let counters: UnsafeMutablePointer<InstanceCounters>

    fileprivate init(
        _ number: Int, _ plugin: martlet_plugin, usesWorkers: Bool, _ admission: Admission, _ station: Station
    ) throws {
        counters = station.loop.page.record(try #require(station.engine.takeRecord()))
        let callbacks = try #require(try SessionCallbacks(plugin))
        var environment = martlet_env()
        environment.size = UInt32(MemoryLayout<martlet_env>.size)
        environment.state = UnsafeMutableRawPointer(bitPattern: number)
        binding = .allocate(capacity: 1)
        binding.initialize(
            to: Binding(
                callbacks: callbacks, environment: environment,
                limits: ConnectionBounds(maximumInput: 1 << 16, outputHighWater: 1 << 20, outputLowWater: 1 << 12),
                rules: AdmissionRules(), admission: admission, ledger: ledger, counters: counters,
                usesWorkers: usesWorkers, name: 1, generation: UInt32(number), arena: station.engine.arena))
    }

    var open: UInt64 { counters.pointee.openConnections }
    var isIdle: Bool { counters.pointee.isIdle }

    deinit {
        binding.deinitialize(count: 1)
        binding.deallocate()
    }
}

/// A peer whose reads wait at most ten seconds.
final class Peer {
    private(set) var descriptor: Int32

    init(_ address: ListenAddress) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        let result = address.withSocketAddress { connect(descriptor, $0, $1) }
        try #require(result == 0)
    }

    func send(_ text: String) { #expect(Glibc.send(descriptor, text, text.utf8.count, 0) == text.utf8.count) }

    func receive(_ count: Int = 4_096) -> String {
        var buffer = [UInt8](repeating: 0, count: count)
        return String(decoding: buffer[..<max(recv(descriptor, &buffer, count, 0), 0)], as: UTF8.self)
    }

    func ask(_ text: String) -> String {
        send(text)
        return receive()
    }

    var hasInput: Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) > 0
    }

    func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }

    deinit { close() }
}

/// Waits until a condition is true, at most ten seconds.
func waitUntil(_ what: Comment, _ condition: () throws -> Bool) throws {
    let deadline = Deadline.after(milliseconds: 10_000)
    while try !condition() {
        try #require(!deadline.isOver, what)
        poll(nil, 0, 2)
    }
}
