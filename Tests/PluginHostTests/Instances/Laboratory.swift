import Addresses
import CMartlet
import Glibc
import Listening
import Logging
import SQLite
import Telemetry
import Testing
import Threads
import Users

@testable import Engine
@testable import Instances
@testable import PluginHost

/// An engine in the test process, and instances of `SwiftPlugin` on it.
final class Laboratory {
    let engine: Engine
    let registry = MetricRegistry()
    private var made = 0

    init(loops: Int = 1, deliveryLimit: Int = 100) throws {
        var settings = EngineSettings(
            loopCount: loops, workers: WorkerSettings(minimum: 1, maximum: 2, queueLimit: 4), maximumConnections: 10,
            maximumBufferMemory: 0)
        settings.deliveryLimit = deliveryLimit
        engine = try Engine(settings)
    }

    deinit { engine.stop() }

    static func settings(callNanoseconds: UInt64 = 10_000_000_000) -> InstanceSettings {
        InstanceSettings(
            limits: ConnectionBounds(maximumInput: 1 << 16, outputHighWater: 1 << 16, outputLowWater: 1 << 12),
            rules: AdmissionRules(), faults: FaultPolicy(), usesWorkers: false, callbackWarningNanoseconds: 0,
            callNanoseconds: callNanoseconds, logLinesPerSecond: 0)
    }

    /// Makes an instance on which `create` has not been called.
    func instance(callNanoseconds: UInt64 = 10_000_000_000) throws -> PluginInstance {
        let image = try PluginImage(DescriptorReader(SwiftPlugin.descriptor))
        made += 1
        return try PluginInstance(
            image: image, listener: "laboratory", generation: made,
            settings: Self.settings(callNanoseconds: callNanoseconds),
            admission: Admission(connections: 0, listeners: engine.listeners), registry: registry, engine: engine,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            log: LogSink(format: .text, descriptor: -1), databases: MemoryDatabases(),
            users: UserDirectories(MemoryDatabases(), hasThreads: false))
    }

    /// Makes an instance that is created and started on its loops.
    func running(_ plugin: SwiftPlugin) throws -> PluginInstance {
        let instance = try instance()
        try instance.create(options: plugin.options)
        try instance.startOnLoops()
        return instance
    }

    /// A peer of an instance.
    func connect(to instance: PluginInstance) throws -> Peer {
        let listening = try ListeningSocketGroup.open(
            .ipv4(.loopback, port: 0),
            options: ListeningSocketOptions(backlog: 16, unixMode: 0o600), count: 1, exclusive: true)
        try listening.listen()
        let peer = try Peer(listening.address)
        nonisolated(unsafe) let binding = instance.bindings[0]
        let descriptor = listening.descriptors[0]
        // The last accept takes every peer that waits.
        let isAccepted = engine.loops[0].ask { core in
            let socket = core.listen(descriptor: descriptor, shared: false, binding: binding)
            core.stopListening(socket)
            return true
        }
        #expect(isAccepted == true)
        return peer
    }

    /// Blocks a loop until the reply is set.
    func hold(_ loop: EventLoop) -> Reply<Bool> {
        let (gate, began) = (Reply<Bool>(), Reply<Bool>())
        loop.run { _ in
            began.set(true)
            _ = gate.wait()
        }
        _ = began.wait()
        return gate
    }

    /// Ends an instance as the control thread does: tries again until it has ended.
    func end(_ instance: PluginInstance) throws -> PluginInstance.Ending {
        var ending = PluginInstance.Ending.later
        try waitUntil("the instance ends") {
            ending = instance.end()
            return ending != .later
        }
        return ending
    }
}

/// The other end of a connection.
final class Peer {
    private var descriptor: Int32

    init(_ address: ListenAddress) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        let result = address.withSocketAddress { Glibc.connect(descriptor, $0, $1) }
        try #require(result == 0)
    }

    func send(_ text: String) { #expect(Glibc.send(descriptor, text, text.utf8.count, 0) == text.utf8.count) }

    /// Receives the next text; empty at the end of input, nil after a reset or after ten seconds without input.
    func receive() -> String? {
        var buffer = [UInt8](repeating: 0, count: 4_096)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        return count < 0 ? nil : String(decoding: buffer[..<count], as: UTF8.self)
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
