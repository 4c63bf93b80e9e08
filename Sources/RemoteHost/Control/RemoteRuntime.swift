import Databases
import Engine
import Glibc
import HostInterface
import HostLink
import Instances
import PluginHost
import Synchronization
import Telemetry
import Threads
import Users

/// A runtime in a host, which is another process. Counters are read from the pages that the host publishes.
package final class RemoteRuntime: Runtime {
    private struct State {
        /// Of retired instances, by their handles.
        var onDrained: [Int: @Sendable () -> Void] = [:]
        var onStuck: (@Sendable () -> Void)?
        var onEnd: (@Sendable (RuntimeEnd) -> Void)?
        var end: RuntimeEnd?
        /// It ends because it was asked to.
        var isAsked = false
        /// Of instances, by their labels.
        var names: [UInt32: InstanceName] = [:]
        var objects: [MappedObject] = []
    }

    let connection: HostConnection
    let pages: PublishedPages
    package let loopCount: Int
    private let quotas: (page: SharedQuotas, place: Int)
    /// nil: the host is in this process.
    private let process: HostProcess?
    /// Of its process.
    private let keeping: Keepers?
    private let arena: OwnedDescriptor
    private let state = Mutex(State())
    private let handles = Atomic<Int>(0)
    /// How long a call may take that waits for each loop.
    private let patience: Atomic<UInt64>
    /// Of the socket of its rendezvous; nil: it has none.
    private let rendezvous: String?
    /// CLOCK_MONOTONIC, nanoseconds.
    private let silentUntil = Atomic<UInt64>(0)
    /// The same for the question about databases: it has less time.
    private let databasesSilentUntil = Atomic<UInt64>(0)

    /// How long a question may take that waits for nothing.
    private static let promptMilliseconds: UInt64 = 2_000
    /// The same for the question about databases, on whose answer status and metrics wait.
    private static let databasesMilliseconds: UInt64 = 500
    /// After a question without an answer, others are not asked for so long.
    private static let silenceNanoseconds: UInt64 = 5_000_000_000
    /// What a call takes besides its known waits.
    private static let slackNanoseconds: UInt64 = 10_000_000_000
    /// How long a process may take to become a host.
    private static let startMilliseconds: UInt64 = 60_000

    /// Starts a host.
    ///
    /// - Parameters:
    ///   - executable: this program.
    ///   - log: the host writes to the same place.
    ///   - name: of the host.
    ///   - directory: the runtime directory, where the next control side finds the host.
    ///   - locks: descriptors that the host keeps open.
    ///   - quotas: limits that hosts have together, and the place of this one.
    ///   - process: one that has been started already; nil: it is started now.
    package convenience init(
        _ settings: RuntimeSettings, executable: String, _ log: ProcessLog, name: String,
        directory: String, locks: [Int32], quotas: (page: SharedQuotas, place: Int), process: HostProcess? = nil
    ) throws(HostProblem) {
        let process = if let process { process } else { try HostProcess(executable: executable) }
        let path = Rendezvous.path(in: directory, place: quotas.place, process: process.pid)
        var rendezvous: Int32 = -1
        if settings.orphanNanoseconds > 0 {
            do throws(SystemError) {
                rendezvous = try Rendezvous.listen(at: path)
            } catch {
                log.logger.warning("no server could take over the host: \(error)", metadata: ["host": "\(name)"])
            }
        }
        defer { if rendezvous >= 0 { close(rendezvous) } }
        try self.init(
            settings, over: process.channel, log, quotas, process, name: name,
            rendezvous: rendezvous >= 0 ? (path, rendezvous) : nil, locks: locks)
    }

    /// - Parameter process: nil: the host is a thread of this process.
    init(
        _ settings: RuntimeSettings, over channel: Channel, _ log: ProcessLog,
        _ quotas: (page: SharedQuotas, place: Int), _ process: HostProcess? = nil, name: String = "",
        rendezvous: (path: String, descriptor: Int32)? = nil, locks: [Int32] = []
    ) throws(HostProblem) {
        self.process = process
        self.quotas = quotas
        let keepers: Keepers?
        do throws(SystemError) {
            keepers = if let process { try Keepers(of: process.pid) } else { nil }
        } catch {
            process?.signal(SIGKILL)
            throw HostProblem(text: "\(error)")
        }
        keeping = keepers
        self.rendezvous = rendezvous?.path
        connection = HostConnection(channel) { [weak channel] call in
            log.logger.error(
                "the host does not answer: it is ended",
                metadata: ["call": "\(call)", "pid": "\(process?.pid ?? getpid())"])
            if let process { process.signal(SIGABRT) } else { channel?.shutDown() }
        }
        patience = Atomic(Self.patience(settings))
        let receiver = Receiver()
        do {
            try NamedThread(name: "host-link") { [connection] in
                connection.receive { receiver.take($0) }
                receiver.ended(process?.wait())
            }.detach()
            let logFile = log.openAgain()
            defer { if let logFile { close(logFile) } }
            let begin = Begin(
                settings: settings, logFormat: log.sink.format.rawValue, hasKeepers: keepers != nil,
                hasLogFile: logFile != nil,
                orphanNanoseconds: rendezvous == nil ? 0 : settings.orphanNanoseconds, owner: geteuid(), name: name,
                place: quotas.place)
            let files =
                [quotas.page.descriptor]
                + [keepers?.other, logFile, rendezvous?.descriptor].compactMap { $0 }
            defer { keepers?.closeOther() }
            let answer = try connection.callForDescriptors(
                begin, files + locks, by: .after(milliseconds: Self.startMilliseconds))
            guard answer.descriptors.count == 2 else { throw HostProblem(text: "the host has sent no pages") }
            loopCount = answer.answer.loopCount
            arena = OwnedDescriptor(answer.descriptors[1])
            pages = try PublishedPages(reading: answer.descriptors[0])
            state.withLock { $0.objects = answer.answer.objects }
        } catch {
            process?.signal(SIGKILL)
            connection.end()
            keepers?.end()
            throw HostProblem(text: "\(error)")
        }
        // The host has started them before it answered.
        keepers?.look()
        receiver.set(self)
    }

    private static func patience(_ settings: RuntimeSettings) -> UInt64 {
        // A call may wait behind one of a plugin.
        settings.engine.patienceNanoseconds.multiplied(saturating: UInt64(settings.engine.loopCount))
            .adding(saturating: settings.pluginNanoseconds).adding(saturating: slackNanoseconds)
    }

    // MARK: Calls

    func newHandle() -> Int { handles.wrappingAdd(1, ordering: .relaxed).newValue }

    /// A call that may wait for each loop, and for `more` nanoseconds.
    func call<Call: HostCall>(
        _ call: Call, _ descriptors: [Int32] = [], more: UInt64 = 0, endsSilent: Bool = true
    ) throws(HostSilence) -> Call.Answer {
        let wait = patience.load(ordering: .relaxed).adding(saturating: more)
        return try connection.call(call, descriptors, by: .after(nanoseconds: wait), endsSilent: endsSilent)
    }

    /// The same for a call that may fail.
    ///
    /// - Parameter failure: made when the host does not answer.
    func attempt<Call: HostCall, Value, Failure: Error>(
        _ call: Call, _ descriptors: [Int32] = [], more: UInt64 = 0, endsSilent: Bool = true,
        _ failure: (_ text: String) -> Failure
    ) throws(Failure) -> Value where Call.Answer == Outcome<Value, Failure> {
        let outcome: Outcome<Value, Failure>
        do throws(HostSilence) {
            outcome = try self.call(call, descriptors, more: more, endsSilent: endsSilent)
        } catch {
            throw failure(error.text)
        }
        return try outcome.get()
    }

    /// A question that waits for nothing. nil: it was not answered, which is no reason to end the host: the machine may be busy.
    func ask<Call: HostCall>(_ call: Call) -> Call.Answer? {
        ask(call, milliseconds: Self.promptMilliseconds, silentUntil)
    }

    private func ask<Call: HostCall>(
        _ call: Call, milliseconds: UInt64, _ silentUntil: borrowing Atomic<UInt64>
    ) -> Call.Answer? {
        guard readMonotonicClock() >= silentUntil.load(ordering: .relaxed) else { return nil }
        do throws(HostSilence) {
            return try connection.call(call, by: .after(milliseconds: milliseconds), endsSilent: false)
        } catch {
            if error.isLate {
                silentUntil.store(readMonotonicClock() + Self.silenceNanoseconds, ordering: .relaxed)
            }
            return nil
        }
    }

    package var estate: (any RuntimeEstate)? { keeping.map { HostEstate(arena, pages, $0) } }

    package func standStill(portion: Int?) -> EngineStandstill.Standing? {
        (try? call(StandStill(portion: portion))) ?? nil
    }

    package func goOn(without taken: SlotSet?) -> Bool { (try? call(GoOn(taken: taken))) ?? false }

    package func inherit(
        arena: Int32, published: Int32, keepers: Int32, isAlive: Bool, hasOffered: Bool
    ) throws(InheritanceProblem) -> Inheritance {
        try attempt(
            Inherit(isAlive: isAlive, hasOffered: hasOffered), [arena, published, keepers], more: Self.slackNanoseconds
        ) {
            InheritanceProblem(text: $0)
        }
    }

    package func lookAtKeepers() -> Bool {
        guard let keeping, !isOver else { return true }
        keeping.look()
        return keeping.areThere
    }

    package func endSuccession(stays: Bool) -> Succession {
        (try? call(EndSuccession(stays: stays))) ?? Succession()
    }

    package var processID: Int32? { process?.pid }
    package var keepers: [Int32] { keeping?.known ?? [] }
    package var publishedFile: Int32 { pages.descriptor }
    package var arenaFile: Int32 { arena.number }

    package var stuckLoops: [Int: String] { isOver ? [:] : pages.stuckLoops(name) }

    // MARK: Names

    /// Of an instance, by its label.
    private func name(_ label: UInt32) -> InstanceName? { state.withLock { $0.names[label] } }

    func add(_ name: InstanceName, as label: UInt32) { state.withLock { $0.names[label] = name } }

    /// Another instance may have the label by now.
    func remove(_ generation: Int, of listener: String, _ label: UInt32) {
        state.withLock { state in
            guard let name = state.names[label], name.listener == listener, name.generation == generation else {
                return
            }
            state.names[label] = nil
        }
    }

    package func load(
        _ image: StagedImage, _ plugin: PluginDescription, file: String
    ) throws(ImageRefusal) -> any RuntimeImage {
        let made = RemoteImage(self, plugin)
        let load = Load(image: made.handle.number, hash: image.hash, path: image.path, plugin: plugin, file: file)
        let objects = try attempt(load) { ImageRefusal(file, $0) }
        state.withLock { $0.objects += objects }
        return made
    }

    package func makeListener(connections: Int, metrics: MetricFile?) -> any RuntimeListener {
        let handle = RemoteHandle(self, .listener)
        connection.order(
            MakeListener(listener: handle.number, connections: connections),
            metrics.map { [$0.descriptor] } ?? [])
        return RemoteListener(handle, metrics)
    }

    package func publish(_ listeners: [String: any RuntimeListener]) {
        _ = try? call(Publish(listeners: listeners.compactMapValues { number(of: ($0 as? RemoteListener)?.handle) }))
    }

    package func open(
        _ descriptors: [Int32], shared: Bool, _ address: AddressDescription, name: String,
        for instance: any RuntimeInstance
    ) throws(ListenFailure) -> any RuntimeAddress {
        let handle = RemoteHandle(self, .address)
        guard let instance = number(of: instance) else { throw ListenFailure(text: HostSilence.ended.text) }
        let open = OpenAddress(
            address: handle.number, description: address, shared: shared, name: name, instance: instance)
        _ = try attempt(open, descriptors) { ListenFailure(text: $0) }
        return RemoteAddress(handle)
    }

    package func point(
        _ addresses: [(address: any RuntimeAddress, name: String)], at target: SocketTarget, _ insistence: Insistence
    ) -> String? {
        let numbers = addresses.compactMap { number(of: ($0.address as? RemoteAddress)?.handle) }
        guard numbers.count == addresses.count, let target = Target(target, of: self) else {
            return insistence == .canFail ? HostSilence.ended.text : nil
        }
        let call = PointSockets(
            addresses: numbers, names: addresses.map(\.name), target: target, insistence: insistence)
        do throws(HostSilence) {
            return try self.call(call).problem
        } catch {
            return insistence == .canFail ? error.text : nil
        }
    }

    package func call(
        _ operation: String, _ arguments: [String], of instance: any RuntimeInstance
    ) throws(OperationFailure) -> OperationReport {
        guard let instance = instance as? RemoteInstance, let number = number(of: instance) else {
            throw OperationFailure(HostSilence.ended.text)
        }
        let call = CallOperation(operation: operation, arguments: arguments, instance: number)
        // Once for each loop.
        let time = instance.callNanoseconds.multiplied(saturating: UInt64(loopCount))
        return try attempt(call, more: time, endsSilent: false) { OperationFailure($0) }
    }

    package func apply(_ settings: RuntimeSettings, resizingWorkers: Bool) {
        patience.store(Self.patience(settings), ordering: .relaxed)
        _ = try? call(Apply(settings: settings, resizingWorkers: resizingWorkers))
    }

    package func beginDraining() { connection.order(BeginDraining()) }

    package func change(_ workers: WorkersChange) { _ = ask(ChangeWorkers(change: workers)) }

    /// Of a host that has ended, what it did last.
    package var report: RuntimeReport {
        var report = RuntimeReport(pages, bufferBytes: quotas.page.bufferBytes(quotas.place), name)
        report.process = process.map {
            ProcessReport($0.pid, logLinesDropped: pages.engine.pointee.logLinesDropped.value)
        }
        return report
    }

    package var pauses: AcceptPauses { AcceptPauses(pages) }

    package var activity: RuntimeActivity {
        isOver ? .none : RuntimeActivity(pages, connections: quotas.page.connectionCount(quotas.place))
    }

    package func databases(_ change: (name: String, change: DatabaseChange)?) -> [DatabaseReport] {
        (try? call(AskDatabases(name: change?.name, change: change?.change), endsSilent: false)) ?? []
    }

    package var databases: [DatabaseReport] {
        ask(AskDatabases(), milliseconds: Self.databasesMilliseconds, databasesSilentUntil) ?? []
    }

    package func askDatabase(
        _ name: String, _ question: DatabaseTaskQuestion
    ) throws(DatabaseTaskProblem) -> DatabaseTaskReport? {
        try attempt(AskDatabase(name: name, question: question), endsSilent: false) { DatabaseTaskProblem($0) }
    }

    package func users(_ question: UserQuestion, in database: String) throws(UserProblem) -> [UserRecord]? {
        try attempt(AskUsers(database: database, question: question), endsSilent: false) { .away($0) }
    }

    package func findStalls() -> [String] { (try? call(FindStalls(), endsSilent: false)) ?? [] }

    // MARK: Events

    package func watch(onStuck: @escaping @Sendable () -> Void) { state.withLock { $0.onStuck = onStuck } }

    package var isOver: Bool { connection.isOver }

    package func onEnd(_ body: @escaping @Sendable (RuntimeEnd) -> Void) {
        let end = state.withLock { state in
            state.onEnd = body
            return state.end
        }
        if let end { body(end) }
    }

    func onDrained(_ instance: Int, _ body: @escaping @Sendable () -> Void) {
        state.withLock { $0.onDrained[instance] = body }
    }

    fileprivate func take(_ event: HostEvent) {
        switch event {
        case .drained(let instance): state.withLock { $0.onDrained.removeValue(forKey: instance) }?()
        case .stuck: state.withLock { $0.onStuck }?()
        }
    }

    fileprivate func ended(_ ending: HostProcess.Ending?) {
        let crash = pages.crash
        // A host that ends itself knows the callback, or that none is to blame.
        let unknown = pages.endReason == nil ? pages.callbacks : []
        let callbacks = crash.map { $0.callback.map { [$0] } ?? [] } ?? unknown
        var end = RuntimeEnd(
            cause: pages.endReason ?? ending?.text ?? "it has closed the channel", callbacks: callbacks, crash: crash)
        let tell = state.withLock { state -> (@Sendable (RuntimeEnd) -> Void)? in
            guard !state.isAsked else { return nil }
            end.objects = state.objects
            end.estate = estate
            state.end = end
            return state.onEnd
        }
        tell?(end)
    }

    package func reopenLog(_ log: ProcessLog) {
        guard let file = log.openAgain() else { return }
        connection.order(UseLog(), [file])
        close(file)
    }

    // MARK: The end

    package func stop() {
        state.withLock { $0.isAsked = true }
        _ = try? call(Stop())
        // The host ends by itself when the channel does.
        connection.end()
        if process?.waitForEnd() == false { return abandon() }
        keeping?.end()
        leaveRendezvous()
    }

    package func abandon() {
        state.withLock { $0.isAsked = true }
        process?.signal(SIGKILL)
        connection.end()
        _ = process?.waitForEnd()
        keeping?.end()
        leaveRendezvous()
    }

    /// Nobody will find the host there any more.
    private func leaveRendezvous() { if let rendezvous { unlink(rendezvous) } }
}

/// Passes on what a host says, as soon as there is somebody to pass it to.
private final class Receiver: Sendable {
    private struct State {
        weak var runtime: RemoteRuntime?
        var hasEnded = false
        var ending: HostProcess.Ending?
    }

    private let state = Mutex(State())

    func set(_ runtime: RemoteRuntime) {
        let (hasEnded, ending) = state.withLock { state in
            state.runtime = runtime
            return (state.hasEnded, state.ending)
        }
        if hasEnded { runtime.ended(ending) }
    }

    func take(_ event: HostEvent) { state.withLock { $0.runtime }?.take(event) }

    func ended(_ ending: HostProcess.Ending?) {
        let runtime = state.withLock { state in
            (state.hasEnded, state.ending) = (true, ending)
            return state.runtime
        }
        runtime?.ended(ending)
    }
}

extension RemoteRuntime {
    /// What the host knows under this handle. nil: it is of another runtime, such as the one before a crash. Its number means nothing here.
    func number(of handle: RemoteHandle?) -> Int? { handle.flatMap { $0.runtime === self ? $0.number : nil } }

    func number(of instance: any RuntimeInstance) -> Int? { number(of: (instance as? RemoteInstance)?.handle) }
}

extension Target {
    /// nil: an instance is of another runtime.
    init?(_ target: SocketTarget, of runtime: RemoteRuntime) {
        guard let current = runtime.number(of: target.current) else { return nil }
        var candidate: Int?
        if let other = target.candidate {
            candidate = runtime.number(of: other)
            if candidate == nil { return nil }
        }
        self.init(current: current, candidate: candidate, share: target.share)
    }
}
