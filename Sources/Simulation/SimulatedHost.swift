import CMartlet
import Engine
import Instances
import Operations
import PluginABI
import Telemetry
import Users

/// One instance of a plugin in a simulation: one generation on one listener.
package final class SimulatedHost {
    package let simulation: Simulation
    package let listener: SimulatedListener
    package private(set) var instance: PluginInstance!
    package let settings: InstanceSettings
    /// The functions of the plugin itself. The engine has those of `WatchedCallbacks`, which call these.
    private(set) var functions: SessionCallbacks!
    /// Where the code of the plugin is.
    let descriptor: UnsafePointer<martlet_plugin>
    /// Told before each call into the plugin.
    package let onCall: ((CallbackKind) -> Void)?
    /// What its user wants to find again.
    package var owner: AnyObject?
    /// The last call into the plugin; nil before the first.
    private var lastCall: CallbackKind?
    package private(set) var callCount = 0
    private var isRunning = false
    private var isEnding = false
    private(set) var isEnded = false

    /// Makes an instance and starts it on all loops.
    ///
    /// - Parameters:
    ///   - options: complete and checked against the plugin's schema.
    ///   - onCall: told before each call into the plugin.
    package init(
        _ image: PluginImage, options: OptionValue, settings: InstanceSettings, on listener: SimulatedListener,
        in simulation: Simulation, onCall: ((CallbackKind) -> Void)? = nil
    ) throws(InstanceRefusal) {
        self.simulation = simulation
        self.listener = listener
        self.settings = settings
        self.onCall = onCall
        descriptor = image.descriptor
        listener.generations += 1
        let records = Records()
        self.records = records
        let interposition = Interposition(
            table: WatchedTable.pointer,
            wrap: { [unowned self] functions in
                self.functions = functions
                return WatchedCallbacks.around(functions)
            },
            willCall: { [unowned self] kind in begin(kind, nil) },
            onFault: { fault, kind, connection in
                let number = connection.flatMap { SimulatedPeer.of($0)?.number }
                records.add(Problem(connection: number, call: kind, text: fault.text, isAnswered: fault.isAnswered))
            }, owner: self)
        instance = try simulation.onItsClock { () throws(InstanceRefusal) in
            try PluginInstance(
                image: image, listener: listener.name, generation: listener.generations, settings: settings,
                admission: listener.admission, registry: listener.registry, engine: simulation.engine,
                logger: records.logger, log: Records.sink, databases: simulation.databases,
                users: simulation.users, interposition: interposition)
        }
        simulation.add(self)
        do throws(InstanceRefusal) {
            try simulation.onItsClock { () throws(InstanceRefusal) in
                try instance.create(options: options)
                try instance.startOnLoops()
            }
        } catch {
            end()
            throw error
        }
        isRunning = true
        simulation.onItsClock { listener.direct(to: instance) }
        simulation.onItsClock { simulation.settle() }
    }

    /// The simulated host of a call into the plugin.
    static func of(_ env: UnsafePointer<martlet_env>?) -> SimulatedHost { of(env!.pointee.instance) }

    static func of(_ instance: OpaquePointer?) -> SimulatedHost {
        unsafeDowncast(PluginInstance.of(instance).interposition!.owner, to: SimulatedHost.self)
    }

    /// Before each call into the plugin.
    func begin(_ call: CallbackKind, _ peer: SimulatedPeer?) {
        lastCall = call
        callCount += 1
        if let peer { simulation.lastPeer = peer }
        onCall?(call)
    }

    // MARK: The end

    /// It gets no connections and no sessions any more.
    var isStopped: Bool { !isRunning }

    /// Ends the connections of the instance and runs the work that is left. The instance itself ends when what it has lent is back.
    package func shutDown() {
        guard isRunning else { return }
        isRunning = false
        simulation.onItsClock {
            let next = simulation.hosts.last { $0.listener === listener && $0.isRunning }
            listener.direct(to: next?.instance)
            _ = instance.cut()
            simulation.settle()
        }
        end()
    }

    private func end() {
        // A plugin that would go on for ever is told that the host stops.
        simulation.runWork(limit: 100_000)
        instance.refuseWork()
        simulation.runWork()
        isEnding = true
        // Deliveries for a session that is busy elsewhere are tried again by the clock.
        for _ in 0..<100 where instance.isBusy { simulation.advance(by: 5_000_000) }
        simulation.onItsClock { endIfIdle() }
    }

    /// The instance is destroyed once what it has lent is back: sessions that moved may still send it.
    func endIfIdle() {
        guard isEnding, !isEnded, instance.end() == .ended else { return }
        isEnded = true
    }

    /// Adds or replaces a user of the listener. False: it has none, or the user makes no sense.
    package func setUser(_ user: User, password: String) -> Bool {
        guard let name = settings.users else { return false }
        let record = UserRecord(user, Credential(password: password), now: 0)
        do throws(UserProblem) {
            do throws(UserProblem) {
                _ = try simulation.users.answer(.remove(user.name), in: name)
            } catch .unknown {}
            return try simulation.users.answer(.add(record), in: name) != nil
        } catch {
            return false
        }
    }

    // MARK: What happens by itself on a server

    /// A peer connects. nil: the host was shut down, or there is no such loop.
    package func connect(_ arrival: SimulatedArrival = SimulatedArrival()) -> SimulatedPeer? {
        guard isRunning, simulation.engine.loops.indices.contains(arrival.loop) else { return nil }
        let peer = SimulatedPeer(number: simulation.peers.count + 1, arrival, self)
        simulation.add(peer)
        peer.connect(arrival, to: instance.bindings[arrival.loop])
        return peer
    }

    /// Connections whose session exists, in the order of their numbers.
    package var openConnections: [SimulatedPeer] { simulation.peers.filter { $0.isOpen && $0.host === self } }

    package func drain() {
        guard isRunning else { return }
        simulation.onItsClock {
            instance.drain()
            simulation.settle()
        }
    }

    /// Moves every session to another generation, as a reload does. Returns what became of each, in the order of their numbers.
    package func swap(to next: SimulatedHost) -> [LoopPointer.Move] {
        let sessions = openConnections
        guard next !== self, next.listener === listener, next.isRunning else { return sessions.map { _ in .stays } }
        return simulation.onItsClock {
            let hasState = moveState(to: next.instance)
            guard hasState != false else { return sessions.map { _ in .stays } }
            _ = instance.migrate(to: next.instance)
            if hasState == true {
                instance.endStandstill(with: next.instance)
                instance.tellStateMoved()
            }
            let moves = sessions.map { session -> LoopPointer.Move in
                if session.host === next { return .moved }
                return session.connection?.pointee.state.moves == true ? .later : .stays
            }
            simulation.settle()
            return moves
        }
    }

    /// nil: there is no state to move; false: it has not moved, and neither may the sessions.
    private func moveState(to next: PluginInstance) -> Bool? {
        guard case .moves = instance.stateTransfer(to: next) else { return nil }
        do throws(StateRefusal) {
            _ = try instance.moveState(to: next, timeout: .seconds(10))
            return true
        } catch {
            // A plugin may refuse.
            if error.isFault { note("the state has not moved: \(error.reason)", nil) }
            return false
        }
    }

    /// Calls an operation, as `martlet call` does. Returns the texts of its results.
    package func call(_ operation: String, _ arguments: [String]) throws(OperationFailure) -> [String] {
        try simulation.onItsClock { () throws(OperationFailure) in
            let report = try instance.call(operation, arguments) { $0() }
            simulation.settle()
            return report.results.map(\.value.text)
        }
    }

    // MARK: Records

    private let records: Records

    package var logLevel: martlet_log_level {
        get { records.logLevel }
        set { records.logLevel = newValue }
    }

    package var logs: [LogRecord] { records.logs }

    package internal(set) var requests: [RequestRecord] = []

    /// Rules that the plugin has broken.
    package var problems: [Problem] {
        let lost = isEnding && !isEnded ? instance.counts.loans : 0
        guard lost > 0, !simulation.peers.contains(where: \.isOpen) else { return records.problems }
        let text = "\(lost) release functions were not called"
        return records.problems + [Problem(connection: nil, call: nil, text: text, isAnswered: false)]
    }

    func note(_ text: String, _ peer: SimulatedPeer?) {
        records.add(Problem(connection: peer?.number, call: lastCall, text: text, isAnswered: false))
    }
}
