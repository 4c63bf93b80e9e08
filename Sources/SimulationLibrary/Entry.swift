import CMartlet
import Engine
import Instances
import PluginABI
import Simulation
import Users

/// The one symbol of the library.
@_cdecl("martlet_simulation_entry")
public func simulationEntry(_ version: UInt32) -> UnsafePointer<martlet_simulation>? {
    version >> 16 == SimulationTable.version >> 16 ? SimulationTable.pointer : nil
}

/// The functions of martlet_simulation.h. Each finds the object behind its handle, and does what the object does.
enum SimulationTable {
    /// MARTLET_SIMULATION_VERSION
    static let version: UInt32 = 0x10000

    nonisolated(unsafe) static let pointer: UnsafePointer<martlet_simulation> = {
        var table = martlet_simulation()
        table.size = UInt32(MemoryLayout<martlet_simulation>.size)
        table.version = version
        table.server = permanentText(Version.current)
        installHosts(&table)
        installTime(&table)
        installRecords(&table)
        installPeers(&table)
        installState(&table)
        installUsers(&table)
        return permanent(table)
    }()

    private static func installHosts(_ table: inout martlet_simulation) {
        table.create = { plugin, settings, error in
            attempt(error) { () throws(Failure) in
                var given = martlet_simulation_settings()
                if let settings {
                    guard let read = martlet_simulation_settings.read(settings) else {
                        throw .argument("settings.size is \(settings.pointee.size)")
                    }
                    given = read
                }
                return try Handle(plugin!, given).pointer
            }
        }
        table.next_generation = { previous, plugin, listener, error in
            attempt(error) { () throws(Failure) in
                try Handle(after: Handle.of(previous!), plugin!, String(listener)).pointer
            }
        }
        table.shut_down = { host($0!).shutDown() }
        table.release = { Handle.of($0!).release() }
        table.generation = { UInt32(host($0!).instance.generation) }
        table.drain = { host($0!).drain() }
        table.swap = { from, to, moves in
            let results = host(from!).swap(to: host(to!))
            moves?.pointee = Answers.begin().array(results.map(number))
            return results.count
        }
        table.call = { handle, operation, arguments, count, results, error in
            let texts = attempt(error) { () throws(Failure) in
                do throws(OperationFailure) {
                    return try host(handle!).call(String(operation), (0..<count).map { String(arguments![$0]) })
                } catch {
                    throw Failure(kind: MARTLET_SIMULATION_OPERATION, message: error.text)
                }
            }
            guard let texts else { return -1 }
            let answers = Answers.begin()
            results!.pointee = answers.array(texts.map(answers.text))
            return Int64(texts.count)
        }
    }

    private static func installUsers(_ table: inout martlet_simulation) {
        table.set_user = { handle, user, password in
            guard let user = user.flatMap({ martlet_user.read($0) }).flatMap(User.init),
                host(handle!).setUser(user, password: String(password))
            else { return MARTLET_ERROR_ARGUMENT }
            return MARTLET_OK
        }
    }

    private static func installTime(_ table: inout martlet_simulation) {
        table.advance = { host($0!).simulation.advance(by: $1) }
        table.elapsed = { host($0!).simulation.elapsed }
        table.waiting_work = { host($0!).simulation.waitingWork }
        table.run_work = { host($0!).simulation.runWork(limit: $1 < 0 ? .max : $1) }
    }

    private static func installRecords(_ table: inout martlet_simulation) {
        table.problem_count = { host($0!).problems.count }
        table.problem = { handle, index in
            let problems = host(handle!).problems
            return Answers.begin().text(problems.indices.contains(index) ? problems[index].description : "")
        }
        table.set_log_level = { host($0!).logLevel = min($1, MARTLET_LOG_ERROR) }
        table.log_count = { host($0!).logs.count }
        table.log = { handle, index, line in
            let logs = host(handle!).logs
            guard logs.indices.contains(index) else { return MARTLET_ERROR_ARGUMENT }
            var filled = martlet_simulated_log()
            filled.level = logs[index].level
            filled.message = Answers.begin().text(logs[index].message)
            return filled.write(to: line!) ? MARTLET_OK : MARTLET_ERROR_ARGUMENT
        }
        table.request_count = { host($0!).requests.count }
        table.request = { handle, index, request in
            let requests = host(handle!).requests
            guard requests.indices.contains(index) else { return MARTLET_ERROR_ARGUMENT }
            let (found, answers) = (requests[index], Answers.begin())
            var copy = found.request
            copy.size = UInt32(MemoryLayout<martlet_request>.size)
            (copy.method, copy.target) = (answers.text(found.method), answers.text(found.target))
            var filled = martlet_simulated_request()
            filled.is_failed = copy.isFailed ? 1 : 0
            filled.connection = UInt64(found.connection)
            filled.request = answers.array([copy])
            return filled.write(to: request!) ? MARTLET_OK : MARTLET_ERROR_ARGUMENT
        }
        table.metric = { handle, name, value in
            let wanted = String(name)
            guard let found = metricSamples(handle!).first(where: { $0.name == wanted }) else {
                return MARTLET_ERROR_ARGUMENT
            }
            value!.pointee = found.value
            return MARTLET_OK
        }
        table.metric_count = { metricSamples($0!).count }
        table.metric_at = { handle, index, name, value in
            let samples = metricSamples(handle!)
            guard samples.indices.contains(index) else { return MARTLET_ERROR_ARGUMENT }
            name!.pointee = Answers.begin().text(samples[index].name)
            value!.pointee = samples[index].value
            return MARTLET_OK
        }
    }

    private static func installPeers(_ table: inout martlet_simulation) {
        table.connect = { handle, arrival in
            guard let arrival = SimulatedArrival(arrival), let peer = host(handle!).connect(arrival) else { return nil }
            return OpaquePointer(Unmanaged.passUnretained(peer).toOpaque())
        }
        table.send = { handle, data, count, piece in
            let bytes = Array(UnsafeRawBufferPointer(start: data, count: data == nil ? 0 : max(count, 0)))
            peer(handle!).send(bytes, split: piece <= 0 ? .whole : .pieces(of: piece))
        }
        table.finish_sending = { peer($0!).finishSending() }
        table.hang_up = { peer($0!).hangUp() }
        table.reset = { peer($0!).reset() }
        table.read = { peer($0!).read(upTo: Int(clamping: $1)) }
        table.set_reads_at_once = { peer($0!).readsAtOnce = $1 != 0 }
        table.set_read_budget = { peer($0!).readBudget = Int(clamping: $1) }
        table.output = { Answers.begin().bytes(peer($0!).output) }
        table.take_output = { Answers.begin().bytes(peer($0!).takeOutput()) }
        table.cut = { handle, reason in
            guard (MARTLET_CLOSED_BY_PLUGIN...MARTLET_CLOSED_HANDED_OVER).contains(reason) else { return }
            peer(handle!).cut(CloseReason(reason))
        }
        table.migrate = { number(of: peer($0!).migrate(to: host($1!))) }
    }

    private static func installState(_ table: inout martlet_simulation) {
        table.state = { handle, state in
            let peer = peer(handle!)
            var filled = martlet_simulated_state()
            filled.end = peer.end
            filled.is_open = peer.isOpen ? 1 : 0
            filled.reason = peer.closeReason
            filled.id = peer.id
            filled.number = UInt64(peer.number)
            filled.waiting_output = UInt64(peer.waitingOutput)
            filled.unconsumed_input = UInt64(peer.unconsumedInput)
            filled.wanted_input = UInt64(peer.connection?.pointee.wantedInput ?? 0)
            filled.presentations = UInt64(peer.presentations)
            filled.timer = peer.timer ?? .max
            filled.is_paused = peer.connection?.pointee.state.isPaused == true ? 1 : 0
            filled.expects_input = peer.connection?.pointee.state.expectsInput == true ? 1 : 0
            filled.loop = UInt32(peer.loop)
            filled.host = (peer.host.owner as? Handle)?.pointer
            filled.handed_over_to = Answers.begin().text(peer.handedOverTo ?? "")
            return filled.write(to: state!) ? MARTLET_OK : MARTLET_ERROR_ARGUMENT
        }
    }
}

private func host(_ pointer: OpaquePointer) -> SimulatedHost { Handle.of(pointer).host }

private func peer(_ pointer: OpaquePointer) -> SimulatedPeer {
    Unmanaged<SimulatedPeer>.fromOpaque(UnsafeRawPointer(pointer)).takeUnretainedValue()
}

/// Runs a function that can fail.
private func attempt<Answer>(
    _ error: UnsafeMutablePointer<martlet_simulation_error>?, _ body: () throws(Failure) -> Answer
) -> Answer? {
    do throws(Failure) {
        return try body()
    } catch let failure {
        failure.write(to: error)
        return nil
    }
}

private func number(of move: LoopPointer.Move) -> martlet_simulated_move {
    switch move {
    case .moved: MARTLET_SIMULATED_MOVED
    case .later: MARTLET_SIMULATED_LATER
    case .stays: MARTLET_SIMULATED_STAYS
    }
}

extension SimulatedArrival {
    /// nil: a struct is smaller than in version 1.0, or an address has an unknown family.
    fileprivate init?(_ given: UnsafePointer<martlet_simulation_arrival>?) {
        self.init()
        guard let given else { return }
        guard let read = martlet_simulation_arrival.read(given) else { return nil }
        loop = Int(read.loop)
        readsAtOnce = read.does_not_read == 0
        if read.endpoint.length > 0 { endpoint = String(read.endpoint) }
        for (pointer, member) in [(read.peer, \SimulatedArrival.peer), (read.local, \.local)] {
            guard let pointer else { continue }
            guard let copy = martlet_address.read(pointer), let address = PeerAddress(copy) else { return nil }
            self[keyPath: member] = address
        }
    }
}

/// What the metrics of the listener show.
private func metricSamples(_ handle: OpaquePointer) -> [(name: String, value: Int64)] {
    host(handle).listener.registry.all.flatMap(\.samples)
}

extension User {
    /// nil: it has rights that nobody knows.
    fileprivate init?(_ user: martlet_user) {
        guard user.rights & ~MARTLET_USER_READ_ONLY == 0 else { return nil }
        let prefixes = UnsafeBufferPointer(
            start: user.prefixes, count: user.prefixes == nil ? 0 : min(user.prefix_count, User.prefixLimit + 1))
        self.init(
            name: String(user.name), isReadOnly: user.rights & MARTLET_USER_READ_ONLY != 0,
            prefixes: prefixes.map { String($0) })
    }
}
