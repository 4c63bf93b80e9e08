import Engine
import Instances
import SQLite
import Telemetry
import Threads
import Users

/// A server without sockets, threads and time: the engine and the instances of a server, driven by its caller, with a clock that stands
/// still until the caller moves it.
///
/// It is used by one thread at a time. What a function causes has happened when it returns.
package final class Simulation {
    /// Turns in a row that move nothing. No real session needs so many.
    private static let idleTurnLimit = 10_000

    package let engine: Engine
    let databases = MemoryDatabases()
    let users: UserDirectories
    /// In the order in which they were made. They keep the simulation until `end`.
    private(set) var hosts: [SimulatedHost] = []
    private(set) var peers: [SimulatedPeer] = []
    private var listeners: [SimulatedListener] = []
    /// Listeners that do not exist, by the names that plugins have handed connections to.
    private var strangers: [String: Admission] = [:]

    private var now = SimulatedClock.start
    /// Counts what moves: bytes that were received, consumed or sent. Without it a circle of calls never ends.
    var progress = 0
    /// The peer of the last callback.
    weak var lastPeer: SimulatedPeer?
    var firedTimers = 0

    /// - Parameters:
    ///   - loops: the number of event loops.
    ///   - workQueue: work that may wait for a worker.
    package init(loops: Int = 1, workQueue: Int = 1_024) throws(SystemError) {
        users = UserDirectories(databases, hasThreads: false)
        let time = SimulatedClock.time
        SimulatedClock.time = SimulatedClock.start
        defer { SimulatedClock.time = time }
        engine = try Engine(
            EngineSettings(
                loopCount: max(loops, 1),
                workers: WorkerSettings(minimum: 0, maximum: 1, queueLimit: max(workQueue, 1)),
                maximumConnections: 0, maximumBufferMemory: 0),
            isDriven: true)
    }

    /// Runs something with the simulation's clock.
    func onItsClock<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
        let time = SimulatedClock.time
        SimulatedClock.time = now
        defer { SimulatedClock.time = time }
        return try body()
    }

    /// Runs something on a loop, then everything that follows from it.
    func act<Answer>(on loop: Int, _ body: (LoopPointer) -> Answer) -> Answer {
        onItsClock {
            let answer: Answer = withoutActuallyEscaping(body) { body in
                nonisolated(unsafe) let body = body
                nonisolated(unsafe) var answer: Answer?
                engine.loops[loop].run { answer = body($0) }
                return answer!
            }
            settle()
            return answer
        }
    }

    /// Makes turns until nothing is left to do before the clock moves.
    func settle() {
        var (idleTurns, last) = (0, progress)
        while true {
            var isQuiet = true
            for loop in engine.loops where !loop.isQuiet {
                loop.step()
                isQuiet = false
            }
            if isQuiet { break }
            idleTurns = progress == last ? idleTurns + 1 : 0
            last = progress
            if idleTurns == Self.idleTurnLimit {
                idleTurns = 0
                guard breakCircle() else { break }
            }
        }
        for host in hosts { host.endIfIdle() }
    }

    private func breakCircle() -> Bool {
        guard let peer = lastPeer, let slot = peer.connection else { return false }
        nonisolated(unsafe) let connection = slot
        peer.host.note("goes on for ever without consuming its input", peer)
        engine.loops[peer.loop].run { $0.end(connection, .fault) }
        return true
    }

    // MARK: Time and work

    /// Nanoseconds since the start.
    package var elapsed: UInt64 { now - SimulatedClock.start }

    var monotonicNanoseconds: UInt64 { now }

    /// Moves the clock on. Timers and time-outs come due in their order, each at its own time.
    ///
    /// - Parameter limit: after so many calls of `timer` the clock stops.
    package func advance(by nanoseconds: UInt64, timers limit: Int = .max) {
        let target = now.addingReportingOverflow(nanoseconds).overflow ? .max - 1 : now + nanoseconds
        let end = limit == .max ? .max : firedTimers + limit
        while let wake = engine.loops.compactMap(\.nextWake).min(), wake <= target {
            guard firedTimers < end else { return }
            turn(at: max(wake, now))
        }
        turn(at: target)
    }

    private func turn(at time: UInt64) {
        now = time
        onItsClock {
            for loop in engine.loops { loop.step() }
            settle()
        }
    }

    /// Work and deliveries that wait for `runWork`.
    package var waitingWork: Int { engine.agenda?.count ?? 0 }

    /// Runs what plugins have submitted and posted, in order, together with what they add meanwhile. Returns how many items.
    @discardableResult
    package func runWork(limit: Int = .max) -> Int {
        onItsClock {
            var count = 0
            while count < limit, engine.runOne() {
                settle()
                count += 1
            }
            return count
        }
    }

    // MARK: Hosts

    /// A host has an owner.
    package var isOwned: Bool { hosts.contains { $0.owner != nil } }

    func add(_ host: SimulatedHost) {
        hosts.append(host)
        if !listeners.contains(where: { $0 === host.listener }) { listeners.append(host.listener) }
        publishListeners()
    }

    func add(_ peer: SimulatedPeer) { peers.append(peer) }

    func remove(_ listener: SimulatedListener) {
        listeners.removeAll { $0 === listener }
        publishListeners()
    }

    /// The host that has a session, by the label of its instance.
    func host(labelled label: UInt32) -> SimulatedHost? { hosts.first { $0.instance.label == label } }

    /// A plugin names a listener. Any name will do: what is handed over to a stranger leaves the simulation.
    func expectListener(_ name: String) {
        guard !name.isEmpty, strangers[name] == nil, !listeners.contains(where: { $0.name == name }) else { return }
        strangers[name] = Admission(connections: 0, listeners: engine.listeners)
        publishListeners()
    }

    func isStranger(_ name: String) -> Bool { strangers[name] != nil }

    private func publishListeners() {
        let known = Dictionary(listeners.map { ($0.name, $0.admission) }) { first, _ in first }
        engine.listeners.set(known.merging(strangers) { own, _ in own })
    }

    /// Shuts all hosts down and frees everything. What still waits for its end, such as work that never returns, stays.
    package func end() {
        for host in hosts { host.shutDown() }
        guard hosts.allSatisfy(\.isEnded) else { return }
        (hosts, peers) = ([], [])
        // The directory and the admissions in it refer to each other.
        engine.listeners.set([:])
        onItsClock { engine.stop() }
    }
}

/// A listener without an address. Its generations share what the listener of a server shares.
package final class SimulatedListener {
    package let name: String
    package let admission: Admission
    package let registry = MetricRegistry()
    var generations = 0
    /// On each loop: where a connection arrives that is handed over to this listener.
    private var sockets: [ListeningSocketPointer] = []
    private unowned let simulation: Simulation

    /// - Parameter connections: how many it may have; 0: any number.
    package init(_ name: String, connections: Int = 0, in simulation: Simulation) {
        self.name = name
        self.simulation = simulation
        admission = Admission(connections: connections, listeners: simulation.engine.listeners)
    }

    /// The instance that gets connections from now on; nil: the listener stops.
    func direct(to instance: PluginInstance?) {
        let known = sockets
        for (index, loop) in simulation.engine.loops.enumerated() {
            nonisolated(unsafe) let socket = known.isEmpty ? nil : known[index]
            nonisolated(unsafe) let binding = instance?.bindings[index]
            nonisolated(unsafe) var made: ListeningSocketPointer?
            loop.run { core in
                switch (socket, binding) {
                case (let socket?, let binding?): socket.pointee.binding = binding
                case (let socket?, nil): core.stopListening(socket)
                case (nil, let binding?):
                    made = core.listen(
                        descriptor: -1, shared: true, binding: binding, isBorrowed: true, isWatched: false)
                case (nil, nil): break
                }
            }
            if let made { sockets.append(made) }
        }
        if instance == nil {
            sockets = []
            simulation.remove(self)
        }
    }
}
