import CLinux
import Engine
import Glibc
import HostInterface
import HostLink
import Instances
import Logging
import PluginHost
import Synchronization
import Telemetry
import Threads

/// The host's end of the channel: runs the calls of the control side on a runtime of this process.
package final class HostService: @unchecked Sendable {
    /// Makes the runtime.
    ///
    /// - Parameter control: runs the calls, one after the other.
    package typealias MakeRuntime =
        @Sendable (
            _ settings: RuntimeSettings, _ control: SerialThread, _ log: ProcessLog,
            _ quotas: (page: SharedQuotas, place: Int)
        ) throws(SystemError) -> any Runtime

    private struct Handler: Sendable {
        let place: HostPlace
        /// nil: the call cannot be read.
        let run: @Sendable (Packet, [Int32]) -> (packet: Packet, descriptors: [Int32])?
    }

    private let current: Mutex<Channel>
    let control: SerialThread
    let begin: Begin
    let quotas: SharedQuotas
    /// Open as long as this process lives.
    let locks: [Int32]
    /// nil: this process ends with its control side.
    private let rendezvous: Rendezvous?
    let runtime: any Runtime
    let log: ProcessLog
    let table = HandleTable()
    // Filled in before the first call.
    private var handlers: [String: Handler] = [:]
    /// The runtime has ended because it was asked to.
    let hasStopped = Atomic<Bool>(false)
    /// Instances whose state has moved and whose callbacks stand still, and those to which it has moved; nil: to another host.
    let standstills = Mutex<[Int: Int?]>([:])
    /// The mapped objects that the control side knows.
    private let knownObjects = Mutex<Set<MappedObject>>([])

    private static let sendingMilliseconds: UInt64 = 5_000
    /// How long the end of a connection waits for a call that still runs.
    private static let stoppingMilliseconds: UInt64 = 1_000

    /// Serves the process that has started this one, on the descriptor of `HostProcess`. Returns when that process is gone.
    package static func run(_ makeRuntime: MakeRuntime) throws {
        try run(on: Channel(socket: HostProcess.channelDescriptor), ownsProcess: true, makeRuntime)
    }

    /// - Parameter ownsProcess: this process is a host and nothing else.
    static func run(on channel: Channel, ownsProcess: Bool = false, _ makeRuntime: MakeRuntime) throws {
        let (message, packet, begin) = try first(of: channel)
        if ownsProcess { try restrict(begin.settings) }
        let format = LogFormat(rawValue: begin.logFormat) ?? .text
        var files = message.descriptors[...]
        guard
            files.count >= 1 + (begin.hasKeepers ? 1 : 0) + (begin.hasLogFile ? 1 : 0)
                + (begin.orphanNanoseconds > 0 ? 1 : 0)
        else {
            throw HostProblem(text: "the first call came without its descriptors")
        }
        let quotas = try SharedQuotas(sharing: files.removeFirst())
        let keepers = begin.hasKeepers ? files.removeFirst() : -1
        if ownsProcess { growDescriptorTable(for: begin.settings.engine.maximumConnections) }
        // Now that this process has no rights that it does not need, and has no other thread yet.
        let problem = keepers < 0 || linux_start_keepers(keepers) == 0 ? nil : SystemError("clone", "a keeper")
        let sink =
            begin.hasLogFile
            ? LogSink(format: format, descriptor: files.removeFirst(), isOwned: true) : LogSink(format: format)
        let rendezvous =
            begin.orphanNanoseconds > 0
            ? Rendezvous(descriptor: files.removeFirst(), owner: begin.owner, patience: begin.orphanNanoseconds) : nil
        let log = try ProcessLog(sink, level: begin.settings.logLevel)
        if let problem {
            log.logger.warning("the host has no keepers: if it ends, so do its connections: \(problem)")
        }
        let service = try HostService(channel, log, begin, quotas, rendezvous, locks: Array(files), makeRuntime)
        service.serve(after: packet)
    }

    /// Gives up what this process may do and does not need, before it has other threads.
    private static func restrict(_ settings: RuntimeSettings) throws(SystemError) {
        guard linux_keep_privileges_down() == 0 else { throw SystemError("prctl", "PR_SET_NO_NEW_PRIVS") }
        if settings.processLimit > 0 {
            guard linux_limit_processes(settings.processLimit) == 0 else {
                throw SystemError("setrlimit", "RLIMIT_NPROC")
            }
        }
        guard let identity = settings.identity else { return }
        let result = linux_become(identity.user, identity.group, identity.groups, identity.groups.count)
        guard result == 0 else { throw SystemError("setuid", "\(identity.user)") }
    }

    /// Makes room in the kernel's table of descriptors. Each time it grows once there are other threads, or keepers, which share it, the
    /// kernel waits for a grace period of RCU, some 10 ms, and a successor takes all descriptors of its predecessor at once.
    private static func growDescriptorTable(for connections: Int) {
        let highest = min(connections + 256, largestDescriptorTable, Int(Engine.descriptorCeiling(reserved: 0))) - 1
        let descriptor = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, Int32(clamping: highest))
        if descriptor >= 0 { close(descriptor) }
    }

    /// 8 bytes each.
    private static let largestDescriptorTable = 1 << 16

    /// The call with which a connection begins.
    private static func first(of channel: Channel) throws -> (Channel.Message, Packet, Begin) {
        let message = try channel.receive(by: .after(milliseconds: 60_000))
        guard let packet = Packet(message.bytes), packet.name == Begin.name, let begin = packet.value(Begin.self) else {
            throw HostProblem(text: "a host is started by martlet serve, not by hand")
        }
        return (message, packet, begin)
    }

    init(
        _ channel: Channel, _ log: ProcessLog, _ begin: Begin, _ quotas: SharedQuotas, _ rendezvous: Rendezvous?,
        locks: [Int32], _ makeRuntime: MakeRuntime
    ) throws(SystemError) {
        current = Mutex(channel)
        self.log = log
        self.begin = begin
        self.quotas = quotas
        self.rendezvous = rendezvous
        self.locks = locks
        control = try SerialThread(name: "control")
        runtime = try makeRuntime(begin.settings, control, log, (quotas, begin.place))
        handleRuntimeCalls()
        handleInstanceCalls()
        handleOrphanCalls()
        runtime.watch { [weak self] in self?.tell(.stuck) }
    }

    // MARK: Calls

    /// Answers calls of this type. Descriptors of the answer stay open here.
    private func handle<Call: HostCall>(
        _ type: Call.Type, _ body: @escaping @Sendable (_ call: Call, _ descriptors: [Int32]) -> (Call.Answer, [Int32])
    ) {
        handlers[Call.name] = Handler(place: Call.place) { packet, descriptors in
            guard let call = packet.value(Call.self) else { return nil }
            let (answer, descriptors) = body(call, descriptors)
            return (Packet(.answer, packet.number, answer), descriptors)
        }
    }

    func whenAskedForDescriptors<Call: HostCall>(
        _ type: Call.Type, _ body: @escaping @Sendable (_ call: Call) -> (Call.Answer, [Int32])
    ) {
        handle(type) { call, _ in body(call) }
    }

    /// The same for answers without descriptors.
    func whenAsked<Call: HostCall>(
        _ type: Call.Type, _ body: @escaping @Sendable (_ call: Call, _ descriptors: [Int32]) -> Call.Answer
    ) {
        handle(type) { (body($0, $1), []) }
    }

    /// The same for calls without descriptors.
    func whenAsked<Call: HostCall>(_ type: Call.Type, _ body: @escaping @Sendable (_ call: Call) -> Call.Answer) {
        whenAsked(type) { call, _ in body(call) }
    }

    /// The same for calls without an answer.
    func whenTold<Call: HostCall>(_ type: Call.Type, _ body: @escaping @Sendable (_ call: Call) -> Void)
    where Call.Answer == Done {
        whenAsked(type) { call, _ in
            body(call)
            return Done()
        }
    }

    private func serve(after begin: Packet) {
        let answer = Begin.Answer(loopCount: runtime.loopCount, objects: newObjects())
        send(
            Packet(.answer, begin.number, answer), [runtime.publishedFile, runtime.arenaFile],
            on: current.withLock { $0 })
        receive()
        // Connections go on until another server comes.
        while !hasStopped.load(ordering: .relaxed), let rendezvous {
            log.logger.error("the server has ended: this host goes on", metadata: ["host": "\(self.begin.name)"])
            guard let next = rendezvous.wait() else { break }
            current.withLock { $0 = next }
            receive()
        }
        control.stop(by: .after(milliseconds: Self.stoppingMilliseconds))
        // They refer to this object.
        handlers = [:]
    }

    /// Runs the calls of a control side until it has ended.
    private func receive() {
        let channel = current.withLock { $0 }
        while let message = try? channel.receive() {
            guard let packet = Packet(message.bytes), let handler = handlers[packet.name] else {
                for descriptor in message.descriptors { close(descriptor) }
                continue
            }
            run(packet, message.descriptors, handler, answeringTo: channel)
        }
        control.run { [self] in endStandstills() }
    }

    /// A control side that was killed during a swap has left callbacks standing still. Connections that have come here without an instance
    /// are still in the other host.
    private func endStandstills() {
        guard !hasStopped.load(ordering: .relaxed) else { return }
        _ = runtime.goOn(without: nil)
        _ = runtime.endSuccession(stays: true)
        let open = standstills.withLock { open in
            defer { open = [:] }
            return open
        }
        for (old, new) in open { table.instance(old).endStandstill(with: new.map(table.instance)) }
    }

    private func run(_ packet: Packet, _ descriptors: [Int32], _ handler: Handler, answeringTo channel: Channel) {
        let body: @Sendable () -> Void = { [self] in
            let answer = handler.run(packet, descriptors)
            for descriptor in descriptors { close(descriptor) }
            if packet.kind == .call, let answer { send(answer.packet, answer.descriptors, on: channel) }
        }
        switch handler.place {
        case .control: control.run(body)
        case .receiver: body()
        case .own:
            // Without a thread there is no answer, and the caller's deadline ends its wait.
            try? NamedThread(name: "call", body).detach()
        }
    }

    /// The control side resolves the addresses of a crash with them.
    func newObjects() -> [MappedObject] {
        let all = MappedObject.all
        return knownObjects.withLock { known in
            let new = all.filter { !known.contains($0) }
            known.formUnion(new)
            return new
        }
    }

    func tell(_ event: HostEvent) { send(Packet(.event, 0, event), on: current.withLock { $0 }) }

    /// A control side that takes nothing is about to end, and so is this process.
    private func send(_ packet: Packet, _ descriptors: [Int32] = [], on channel: Channel) {
        try? channel.send(
            Channel.Message(packet.bytes, descriptors: descriptors), by: .after(milliseconds: Self.sendingMilliseconds))
    }
}

/// What the handles of the control side stand for. Only this side lets go of what it names.
final class HandleTable: Sendable {
    private struct State {
        var images: [Int: any RuntimeImage] = [:]
        var listeners: [Int: any RuntimeListener] = [:]
        var instances: [Int: any RuntimeInstance] = [:]
        var addresses: [Int: Address] = [:]
    }

    struct Address: Sendable {
        let address: any RuntimeAddress
        let description: AddressDescription
        let shared: Bool
    }

    private let state = Mutex(State())

    func add(_ image: any RuntimeImage, as number: Int) { state.withLock { $0.images[number] = image } }
    func add(_ listener: any RuntimeListener, as number: Int) { state.withLock { $0.listeners[number] = listener } }
    func add(_ instance: any RuntimeInstance, as number: Int) { state.withLock { $0.instances[number] = instance } }
    func add(_ address: Address, as number: Int) { state.withLock { $0.addresses[number] = address } }

    // A caller names only what it was given, and has not released it yet.
    func image(_ number: Int) -> any RuntimeImage { state.withLock { $0.images[number]! } }
    func listener(_ number: Int) -> any RuntimeListener { state.withLock { $0.listeners[number]! } }
    func instance(_ number: Int) -> any RuntimeInstance { state.withLock { $0.instances[number]! } }
    func address(_ number: Int) -> any RuntimeAddress { state.withLock { $0.addresses[number]!.address } }

    var addresses: [Int: Address] { state.withLock { $0.addresses } }

    /// It is closed.
    func forget(address number: Int) { state.withLock { $0.addresses[number] = nil } }

    func release(_ kind: Release.Kind, _ number: Int) {
        // Destroyed without the lock.
        let object: AnyObject? = state.withLock { state in
            switch kind {
            case .image: state.images.removeValue(forKey: number)
            case .listener: state.listeners.removeValue(forKey: number)
            case .instance: state.instances.removeValue(forKey: number)
            case .address: state.addresses.removeValue(forKey: number)?.address
            }
        }
        withExtendedLifetime(object) {}
    }
}
