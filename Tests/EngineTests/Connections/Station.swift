import Glibc
import Synchronization
import Testing

@testable import Engine

/// An engine with one event loop, listening sockets on 127.0.0.1, and generations of an echo.
///
/// A session is two numbers: the bytes that it has received, and the generation that it is in. It sends back what it gets, but for
/// the commands `?` (the generation), `#` (the connection's id), `n` (the bytes so far), `o` (a number that grows with each `o` of
/// the process) and `l` (each lends a megabyte).
final class Station {
    let engine: Engine
    let admission: Admission
    private(set) var generations: [Generation] = []

    init(connections: Int = 0, maximumConnections: Int = 100) throws {
        engine = try Engine(
            EngineSettings(
                loopCount: 1, workers: WorkerSettings(minimum: 1, maximum: 1, queueLimit: 4),
                maximumConnections: maximumConnections, maximumBufferMemory: 0))
        admission = Admission(connections: connections)
    }

    var loop: EventLoop { engine.loops[0] }

    /// Runs a function on the loop. Throws when it does not answer.
    @discardableResult
    func onLoop<Answer: Sendable>(_ body: @escaping @Sendable (LoopPointer) -> Answer) throws -> Answer {
        try #require(loop.ask(by: .after(milliseconds: 10_000), body))
    }

    /// Another generation of the echo, started on the loop.
    ///
    /// - Parameter admission: of another listener; nil: that of the station.
    func generation(
        schema: MigrationSchema? = MigrationSchema(name: "echo", version: 1, restores: 1...1),
        admission: Admission? = nil
    ) throws -> Generation {
        let made = try Generation(generations.count + 1, schema, admission ?? self.admission, self)
        generations.append(made)
        nonisolated(unsafe) let binding = made.binding
        #expect(try onLoop { $0.start(binding) })
        return made
    }

    func listen(_ generation: Generation) throws -> Listener {
        let group = try Self.group()
        nonisolated(unsafe) let binding = generation.binding
        nonisolated(unsafe) let socket = try onLoop { core in
            Sent(core.listen(descriptor: group.descriptors[0], shared: false, binding: binding))
        }.value
        return Listener(address: group.address, socket: socket)
    }

    func stop(_ listener: Listener) throws {
        nonisolated(unsafe) let socket = listener.socket
        try onLoop { $0.stopListening(socket) }
    }

    static func group() throws -> ListeningSocketGroup {
        let group = try ListeningSocketGroup.open(
            .ipv4("127.0.0.1", port: 0),
            options: ListeningSocketOptions(
                backlog: 16, noDelay: true, keepAlive: false, keepAliveIdleSeconds: 0, keepAliveIntervalSeconds: 0,
                keepAliveCount: 0, receiveBuffer: 0, sendBuffer: 0, unixMode: 0o600), count: 1, exclusive: true)
        try group.listen()
        return group
    }

    /// Waits until all is over, then ends the engine. Listeners must have been stopped.
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
    let address: ListeningAddress
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

    fileprivate init(_ number: Int, _ schema: MigrationSchema?, _ admission: Admission, _ station: Station) throws {
        counters = station.loop.page.record(try #require(station.engine.takeRecord()))
        var callbacks = EchoSession.callbacks
        callbacks.migration = schema.map(EchoSession.migration)
        binding = .allocate(capacity: 1)
        binding.initialize(
            to: Binding(
                callbacks: callbacks, state: UnsafeMutableRawPointer(bitPattern: number),
                limits: ConnectionBounds(maximumInput: 1 << 16, outputHighWater: 1 << 20, outputLowWater: 1 << 12),
                rules: AdmissionRules(), admission: admission, ledger: ledger, counters: counters))
    }

    var open: UInt64 { counters.pointee.openConnections }
    var isIdle: Bool { counters.pointee.isIdle }

    deinit {
        binding.deinitialize(count: 1)
        binding.deallocate()
    }
}

/// The functions of the echo, as C has them.
enum EchoSession {
    struct Session {
        var received: Int
        var generation: Int
    }

    static func of(_ session: UnsafeMutableRawPointer?) -> UnsafeMutablePointer<Session> {
        session!.assumingMemoryBound(to: Session.self)
    }

    private static func make(_ session: Session) -> UnsafeMutableRawPointer {
        let made = UnsafeMutablePointer<Session>.allocate(capacity: 1)
        made.initialize(to: session)
        return UnsafeMutableRawPointer(made)
    }

    private static let order = Tally()

    /// Lent over and over again, never given back to anybody.
    nonisolated(unsafe) private static let lent = UnsafeMutableRawPointer.allocate(byteCount: 1 << 20, alignment: 1)
    static let lentCount = 1 << 20

    static let callbacks: SessionCallbacks = {
        _ = memset(lent, 0x6C, lentCount)
        return SessionCallbacks(
            opened: { state, _, _, session in
                session!.pointee = make(Session(received: 0, generation: Int(bitPattern: state)))
                return HostResult.ok
            },
            received: { session, handle, data, count in
                let connection = ConnectionPointer(handle: handle)!
                of(session).pointee.received += count
                let reply =
                    switch UnicodeScalar(data![0]) {
                    case "?": "\(of(session).pointee.generation)"
                    case "#": "\(connection.id.rawValue)"
                    case "n": "\(of(session).pointee.received)"
                    case "o": "\(order.add(1))"
                    default: ""
                    }
                if data![0] == UInt8(ascii: "l") {
                    for _ in 0..<count { _ = connection.writeShared(lent, lentCount, release: nil, context: nil) }
                } else if reply.isEmpty {
                    _ = connection.write(data, count)
                } else {
                    _ = connection.write(reply, reply.utf8.count)
                }
                return Int64(count)
            },
            closed: { session, _, _ in of(session).deallocate() })
    }()

    static func migration(_ schema: MigrationSchema) -> MigrationCallbacks {
        MigrationCallbacks(
            schema: schema,
            save: { session, _, memory, capacity in
                let size = MemoryLayout<Int>.size
                if capacity >= size {
                    UnsafeMutableRawPointer(memory!).storeBytes(
                        of: EchoSession.of(session).pointee.received, as: Int.self)
                }
                return Int64(size)
            },
            restore: { state, _, _, _, memory, _, session in
                let received = UnsafeRawPointer(memory!).loadUnaligned(as: Int.self)
                session!.pointee = EchoSession.make(Session(received: received, generation: Int(bitPattern: state)))
                return HostResult.ok
            },
            moved: { session, _ in EchoSession.of(session).deallocate() })
    }
}

/// A peer whose reads wait, for ten seconds.
final class Peer {
    private(set) var descriptor: Int32

    init(_ address: ListeningAddress) throws {
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

/// Asks until the answer is yes, for ten seconds.
func waitUntil(_ what: Comment, _ condition: () throws -> Bool) throws {
    let deadline = Deadline.after(milliseconds: 10_000)
    while try !condition() {
        try #require(!deadline.isOver, what)
        poll(nil, 0, 2)
    }
}
