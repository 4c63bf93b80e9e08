import Configuration
import ConfiguredInstances
import Engine
import Glibc
import HostInterface
import Instances
import Logging
import PluginHost
import Synchronization
import Telemetry
import Threads

/// The settings that a server is started with.
package struct ServerSettings: Sendable {
    package var pluginsDirectory: String
    package var processFile: ConfigurationFolder.ProcessFile
    /// The program that the probe runs as a child.
    package var executable: String
    var parser = TOMLParser.child()
    let makeRuntime: MakeRuntime
    /// Finds the runtimes that an earlier server has left in a runtime directory.
    let findOrphans: @Sendable (_ directory: String) -> Orphans

    /// Makes what runs plugins: one for each host, and again when it has ended.
    package typealias MakeRuntime = @Sendable (_ outfit: RuntimeOutfit) throws -> any Runtime

    package init(
        pluginsDirectory: String, processFile: ConfigurationFolder.ProcessFile, executable: String = "/proc/self/exe",
        findOrphans: @escaping @Sendable (_ directory: String) -> Orphans = { _ in Orphans() },
        makeRuntime: @escaping MakeRuntime
    ) {
        self.makeRuntime = makeRuntime
        self.findOrphans = findOrphans
        self.pluginsDirectory = pluginsDirectory
        self.processFile = processFile
        self.executable = executable
    }

    var loading: FolderLoading { FolderLoading(directory: pluginsDirectory, processFile: processFile, parser: parser) }
}

/// Why a server does not start: lines for the person who starts it.
package struct StartProblem: Error, Sendable, CustomStringConvertible {
    package let lines: [String]
    package var description: String { lines.joined(separator: "\n") }
}

/// One running server: the engine, the listeners and the threads that control them.
///
/// Listeners are used on the control thread only. A reload reads the folder, copies and probes on its own thread, so that status
/// is answered meanwhile. It loads, creates and commits on the control thread.
package final class Server: @unchecked Sendable {
    private static let receiptLimit = 20

    let settings: ServerSettings
    let loader: ImageLoader
    /// By their places in the quotas.
    let hostTable: Mutex<[Int: RunningHost]>
    /// The host of all listeners that do not say otherwise. What a listener knows of its event loops and instances goes through its host.
    let shared: RunningHost
    /// Limits that all hosts have together.
    let quotas: SharedQuotas
    /// Hosts of an earlier server, which still have connections.
    let earlier = Mutex<[any OrphanedRuntime]>([])
    let directory: RuntimeDirectory
    /// Stops hosts that nothing needs any more.
    let hostEnds = TaskThread(name: "host-end")
    package let log: ProcessLog
    var logger: Logger { log.logger }
    /// Signals without a meaning here that have been logged.
    let namedSignals = Mutex<Set<Int32>>([])
    let control: SerialThread
    private let reloads = TaskThread(name: "reload")
    let crashReports = TaskThread(name: "crash")
    private let lock: Int32
    let state: KeptState
    private let controlSocket: ControlSocket
    private let metricsEndpoint: MetricsEndpoint?
    let started = readMonotonicClock()
    let startedWith: ProcessConfiguration
    /// The same for hosts, with what it means on this machine: a host that is started later is like the first.
    let fixedSettings: RuntimeSettings

    // On the control thread.
    /// Listening sockets of an earlier server that no listener has taken over.
    var inherited: [OrphanedSockets] = []
    var listeners: [String: RunningListener] = [:]
    var process: ProcessConfiguration
    var receipts: [Receipt] = []
    var sequence = 0
    /// Number of reloads by result.
    var results: [Receipt.Result: Int] = [:]
    /// The sum over all reloads.
    var sessionMoves = SessionMoves()
    /// What has become of the connections of hosts that have died.
    var succession = Succession()
    var crashes = CrashHistory()
    /// Content that failed a trial, by its hash.
    var quarantine: [String: ServerState.Quarantined] = [:]
    /// What an earlier server held back, for listeners that do not run.
    var absentHolds: [String: ServerState.HeldBack] = [:]
    /// The server is stopping and starts nothing any more.
    var isStopping = false
    /// A copy of this state that any thread may read.
    let published = Mutex(ServerSnapshot())

    /// What the last reload read. The next one takes over what did not change. On the reload thread.
    private var loaded: LoadedConfiguration
    private let waitingReloads = Mutex<[(reply: Reply<Receipt>, request: ReloadRequest)]>([])

    /// Boots: configuration, runtime directory, engine, then the first reload, which must not be refused.
    package init(_ settings: ServerSettings) throws(StartProblem) {
        self.settings = settings
        loaded = settings.loading.load()
        guard loaded.isValid else { throw StartProblem(lines: loaded.diagnostics.map(\.description)) }
        process = loaded.process
        startedWith = loaded.process
        let log = try ProcessLog(loaded.process)
        self.log = log
        raiseDescriptorLimit()
        let directory = RuntimeDirectory(configured: process.runtimeDirectory)
        self.directory = directory
        let socketPath = process.controlSocket.isEmpty ? directory.controlSocket : process.controlSocket
        // Stops the threads that have been started: they use members of this object, which is destroyed when `init` throws.
        var undo: [() -> Void] = []
        let afterEach = AfterEach()
        do {
            var fixed = RuntimeSettings(process)
            do throws(IdentityProblem) {
                fixed.identity = try Identity(process)
            } catch {
                throw StartProblem(lines: ["\(error.key): \(error.message)"])
            }
            fixedSettings = fixed
            let isForOthers = fixed.identity != nil
            // Held by no host: so one server at a time looks for the hosts of an earlier one.
            let gate = try directory.claimGate(isForOthers: isForOthers)
            undo.append { Glibc.close(gate) }
            // They hold the locks of the earlier server, and hand them over.
            let found = settings.findOrphans(directory.path)
            let orphans = found.runtimes
            earlier.withLock { $0 = orphans }
            for host in found.ended {
                log.logger.error(
                    "a host of an earlier server is ended, with its connections: \(host.reason)",
                    metadata: ["pid": "\(host.processID)"])
            }
            let inheritedLocks = orphans.flatMap(\.locks)
            defer { for lock in inheritedLocks { Glibc.close(lock) } }
            inherited = orphans.flatMap(\.sockets)
            let lock = try directory.claim(isForOthers: isForOthers, inherited: inheritedLocks)
            self.lock = lock
            undo.append { Glibc.close(lock) }
            let state = try KeptState(
                process, runtime: directory, executable: settings.executable, logger: log.logger,
                inherited: inheritedLocks)
            self.state = state
            quarantine = state.saved.quarantine
            absentHolds = state.saved.heldBack
            undo.append { state.close() }
            let store = try ImageStore(
                directory: directory.images, originals: state.originals, isForOthers: isForOthers)
            loader = ImageLoader(
                store: store,
                probe: ImageProbe(
                    executable: settings.executable,
                    timeoutMilliseconds: Int(loaded.process.probeTimeout.milliseconds),
                    memoryLimit: UInt64(loaded.process.probeMemory)),
                verdicts: state.verdicts)
            let control = try SerialThread(name: "control") { afterEach.run() }
            self.control = control
            undo.append { control.stop() }
            let quotas = try orphans.first?.quotas ?? SharedQuotas()
            self.quotas = quotas
            for host in found.ended { quotas.clear(host.place) }
            let place = try Self.freePlace(besides: Set(orphans.map(\.place)))
            quotas.open(place)
            let runtime = try settings.makeRuntime(
                RuntimeOutfit(
                    settings: fixed, control: control, log: log, locks: [lock] + state.locks,
                    quotas: quotas, place: place, name: ListenerConfiguration.sharedHost, directory: directory.path))
            let shared = RunningHost(ListenerConfiguration.sharedHost, place: place, runtime)
            self.shared = shared
            hostTable = Mutex([shared.place: shared])
            undo.append { runtime.stop() }
            let controlSocket = try ControlSocket(path: socketPath)
            self.controlSocket = controlSocket
            undo.append { controlSocket.stop() }
            metricsEndpoint = try process.metricsAddress.map { try MetricsEndpoint($0) }
        } catch {
            for step in undo.reversed() { step() }
            log.flush()
            throw error as? StartProblem ?? StartProblem(lines: ["\(error)"])
        }
        afterEach.set { [unowned self] in publish() }
        observe(shared)
        warnOfDescriptors()
        let receipt = reload()
        // A refusal that concerns one listener alone does not keep the others from starting.
        guard receipt.result != .refused else {
            let lines = receipt.entries.filter { $0.outcome == .refused }.map(\.detail)
            if !shutDown() { for host in hosts { host.runtime.abandon() } }
            log.flush()
            throw StartProblem(lines: lines)
        }
        control.ask { [self] in letEarlierHostsGo() }
    }

    /// Serves until a signal asks it to stop. Returns the exit status: 0 when no connection was cut.
    package func run(signals: SignalDescriptor) -> Int32 {
        controlSocket.serve { [unowned self] in answer($0) }
        if let metricsEndpoint {
            metricsEndpoint.serve { [unowned self] in status().prometheus() }
            logger.info("metrics", metadata: ["address": "\(metricsEndpoint.address.boundDescription)"])
        }
        watch()
        watchCertificates()
        while true {
            switch signals.next(withinMilliseconds: -1, accepting: services) {
            case .reload?: requestReload()
            case .stop?:
                logger.notice("stopping", metadata: ["timeout": "\(snapshot.shutdownTimeout)"])
                return drain(signals)
            case let request?: handle(request)
            case nil: break
            }
        }
    }

    /// The services whose peers the main thread accepts.
    var services: [SocketService] { [controlSocket.service] + (metricsEndpoint.map { [$0.service] } ?? []) }

    /// The descriptors that hold the locks of this server.
    var locks: [Int32] { [lock] + state.locks }

    // MARK: Reload

    /// Reloads and waits for the receipt. Requests that arrive during a reload share the next one.
    func reload(_ request: ReloadRequest = ReloadRequest()) -> Receipt {
        let reply = Reply<Receipt>()
        enqueue(reply, request)
        return reply.wait()
    }

    /// Reloads without waiting: SIGHUP.
    private func requestReload() { enqueue(Reply(), ReloadRequest()) }

    private func enqueue(_ reply: Reply<Receipt>, _ request: ReloadRequest) {
        let isFirst = waitingReloads.withLock { waiting in
            waiting.append((reply, request))
            return waiting.count == 1
        }
        guard isFirst else { return }
        reloads.run { [self] in
            let waiting = waitingReloads.withLock { waiting in
                defer { waiting = [] }
                return waiting
            }
            for request in ReloadRequest.all {
                let replies = waiting.filter { $0.request == request }
                guard !replies.isEmpty else { continue }
                let receipt = performReload(request)
                for entry in replies { entry.reply.set(receipt) }
            }
        }
    }

    /// A reply that is set when the running reload, if any, has ended.
    func endOfReloads() -> Reply<Bool> {
        let end = Reply<Bool>()
        reloads.run { end.set(true) }
        return end
    }

    private func performReload(_ request: ReloadRequest) -> Receipt {
        let began = readMonotonicClock()
        loaded = settings.loading.load(previous: loaded)
        let holds = control.ask { [self] in keptHolds }
        let preparation = ReloadPreparation(loaded, loader: loader, holds: holds)
        saveVerdicts()
        return control.ask { [self] in
            guard !isStopping else {
                let entry = Receipt.Entry(listener: "", outcome: .refused, detail: "the server is stopping")
                return Receipt(sequence: sequence, milliseconds: 0, result: .refused, entries: [entry])
            }
            var receipt = ReloadTransaction(server: self, preparation: preparation, request).run()
            receipt.milliseconds = milliseconds(since: began)
            if receipt.result != .refused { warnOfUntried(preparation) }
            return record(receipt)
        }
    }

    private func saveVerdicts() {
        do throws(FileProblem) {
            try loader.saveVerdicts()
        } catch {
            logger.warning("the next start has to probe plugins again: \(error)")
        }
    }

    /// Numbers a receipt, keeps it for `martlet status`, and writes it to the log. On the control thread.
    func record(_ receipt: Receipt) -> Receipt {
        var receipt = receipt
        sequence += 1
        receipt.sequence = sequence
        receipts.append(receipt)
        if receipts.count > Self.receiptLimit { receipts.removeFirst() }
        results[receipt.result, default: 0] += 1
        saveState()
        sessionMoves = receipt.entries.compactMap(\.moves).reduce(sessionMoves, +)
        log(receipt)
        return receipt
    }

    private func log(_ receipt: Receipt) {
        for entry in receipt.entries where entry.outcome != .unchanged {
            let level: Logger.Level = entry.outcome == .refused || entry.outcome == .aborted ? .error : .info
            logger.log(
                level: level, "\(entry.outcome.text): \(entry.detail)", metadata: ["listener": "\(entry.listener)"])
        }
        if !receipt.needsRestart.isEmpty {
            logger.warning("needs a restart to take effect: \(receipt.needsRestart.joined(separator: ", "))")
        }
        logger.log(
            level: receipt.isRefused ? .error : .notice, "\(receipt.summary)",
            metadata: ["number": "\(receipt.sequence)", "milliseconds": "\(Int(receipt.milliseconds))"])
    }

    // MARK: Stopping

    /// Releases everything. Connections must be gone. Returns false when plugin code or a reload hangs, and the process must exit
    /// without waiting for it.
    func shutDown(by deadline: Deadline = .after(milliseconds: 5_000)) -> Bool {
        controlSocket.stop()
        metricsEndpoint?.stop()
        guard hosts.allSatisfy(\.runtime.stuckLoops.isEmpty), activity.calls == 0 else { return false }
        let isDone = control.ask(by: deadline) { [self] in
            for listener in listeners.values {
                for address in listener.addresses.values { close(address) }
            }
            let instances = listeners.values.flatMap(\.generations).map(\.instance)
            let isDone = instances.reduce(true) { endAtOnce($1, by: deadline) && $0 }
            listeners = [:]
            loader.store.removeAll(except: [])
            return isDone
        }
        guard isDone == true else { return false }
        // A reload may be in the middle of a probe.
        guard reloads.finish(by: deadline) else {
            logger.error("stuck at shutdown: a reload is still being prepared")
            return false
        }
        guard control.stop(by: deadline) else { return false }
        for host in hosts { host.runtime.stop() }
        guard hostEnds.finish(by: deadline) else { return false }
        state.close()
        Glibc.close(lock)
        return true
    }

    /// Destroys an instance at shutdown. Its work has finished before, so it waits only for deliveries that are on their way.
    private func endAtOnce(_ instance: any RuntimeInstance, by deadline: Deadline) -> Bool {
        while true {
            switch instance.end() {
            case .ended: return true
            case .abandoned: return false
            case .later: if deadline.isOver { return false }
            }
            poll(nil, 0, 1)
        }
    }
}

extension Server {
    /// Warns when max_connections exceeds the descriptors: connections above that number would wait at a limit that nobody has
    /// set.
    private func warnOfDescriptors() {
        let ceiling = Int(Engine.descriptorCeiling(reserved: EngineSettings.usualReserve))
        let left = ceiling - (shared.runtime.report.process?.fileDescriptors ?? OpenDescriptors.count(of: getpid()))
        guard process.maximumConnections > left else { return }
        logger.warning(
            """
            max_connections does not fit: it is \(process.maximumConnections), but there are descriptors for about \
            \(max(left, 0)) connections; raise the limit (ulimit -n, LimitNOFILE), or lower max_connections
            """)
    }
}

/// A function that is set after the thread that runs it has started.
private final class AfterEach: Sendable {
    private let body = Mutex<(@Sendable () -> Void)?>(nil)

    func set(_ body: @escaping @Sendable () -> Void) { self.body.withLock { $0 = body } }
    func run() { body.withLock { $0 }?() }
}

/// Raises the limit on open descriptors, which bounds the connections, as far as the system allows (setrlimit(2)).
private func raiseDescriptorLimit() {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < limit.rlim_max else {
        return
    }
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
}

/// Milliseconds since `start`, which is in nanoseconds of the monotonic clock.
func milliseconds(since start: UInt64) -> Double { Double(readMonotonicClock() - start) / 1_000_000 }
