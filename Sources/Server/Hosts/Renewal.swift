import CLinux
import Engine
import Glibc
import HostInterface
import Instances
import Logging
import PluginHost
import Threads

/// What `martlet processes renew` has done.
package struct RenewalReport: Codable, Sendable, Equatable {
    package var host: String
    /// Process ids; absent: it has no process of its own.
    package var formerProcess: Int32?
    package var process: Int32?
    package var milliseconds: Double
    /// How long callbacks stood still, at most, for any one connection.
    package var pauseMilliseconds: Double
    /// Connections that go on in the new host.
    package var moved: Int
    /// Connections that stay in the former host for now.
    package var staying: Int
    /// Bytes of plugins' states that have moved.
    package var stateBytes: Int
    /// Connections that were closed, because they could not go with the state of their plugin.
    package var closed: Int
}

/// Why a host was not renewed. Nothing has changed.
struct RenewalProblem: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Replaces a host by a fresh one. Its connections go on there, each between two callbacks. On the control thread.
///
/// The fresh host is complete before anything stands still. Then the former host stands still for as long as the other one needs to read its
/// arena, as after a crash. It does so for one portion of the connections after the other, because each waits for all of its portion. What is
/// busy at that moment, or cannot move at all, stays, and is asked again later.
final class Renewal {
    private struct Successor {
        let listener: RunningListener
        let runtime: any RuntimeListener
        let generation: Generation
        /// The state of its plugin has come with it.
        var state: (move: StateMove, staysUsable: Bool)?
    }

    private let server: Server
    private let host: RunningHost
    /// Has the fresh runtime until the commit, then the former one.
    private let other: RunningHost
    private var successors: [Successor] = []
    private var undo: [() -> Void] = []
    private let began = readMonotonicClock()

    init(_ server: Server, _ host: RunningHost) throws(RenewalProblem) {
        (self.server, self.host) = (server, host)
        do {
            let place = try Server.freePlace(besides: server.takenPlaces)
            other = RunningHost("\(host.name), former", place: place, try server.makeRuntime(host.name, at: place))
        } catch {
            throw RenewalProblem("cannot start a host: \(error)")
        }
    }

    func run() throws(RenewalProblem) -> RenewalReport {
        do throws(RenewalProblem) {
            try makeInstances()
            let paused = readMonotonicClock()
            try moveStates()
            let first = try takeOver()
            return commit(isLast: first.isLast, paused: paused)
        } catch {
            for step in undo.reversed() { step() }
            other.runtime.abandon()
            server.quotas.clear(other.place)
            throw error
        }
    }

    /// Makes the current generation of each listener in the fresh host. No peer comes to it yet.
    private func makeInstances() throws(RenewalProblem) {
        let listeners = server.listeners.values.filter { $0.host === host && !$0.isStopping }
        for listener in listeners.sorted(by: { $0.name < $1.name }) {
            guard listener.candidate == nil else {
                throw RenewalProblem(
                    "\(listener.name): a new generation is on trial; renew the host when that has ended")
            }
            let recipe = listener.current.recipe
            do {
                let image = try other.runtime.load(recipe.image, recipe.plugin, file: recipe.configuration.plugin)
                let runtime = server.makeListener(listener.latestRecipe, after: listener.runtime, in: other.runtime)
                let instance = try server.makeInstance(
                    recipe, image, on: runtime, in: other, listener.nextGeneration())
                try instance.start(recipe.options)
                successors.append(
                    Successor(
                        listener: listener, runtime: runtime, generation: Generation(instance: instance, recipe: recipe)
                    ))
            } catch {
                throw RenewalProblem("\(listener.name): \(error)")
            }
        }
    }

    /// Moves the states of plugins through files in memory. The callbacks of these listeners stand still from here on.
    private func moveStates() throws(RenewalProblem) {
        for index in successors.indices {
            let (listener, instance) = (successors[index].listener, successors[index].generation.instance)
            let old = listener.current.instance
            let staysUsable: Bool
            switch old.stateTransfer(to: old) {
            case .none, .startsAnew: continue
            case .impossible(let reason): throw RenewalProblem("\(listener.name): \(reason)")
            case .moves(let stays): staysUsable = stays
            }
            let file = linux_memory_file("martlet-state")
            guard file >= 0 else { throw RenewalProblem("\(SystemError("memfd_create"))") }
            defer { close(file) }
            let timeout = listener.configuration.reload.stateTimeout
            do throws(StateRefusal) {
                let move = try old.saveState(to: file, timeout: timeout)
                undo.append { old.endStandstill(with: nil) }
                try instance.restoreState(from: file, timeout: timeout)
                successors[index].state = (move, staysUsable)
            } catch {
                throw RenewalProblem("\(listener.name): the state has not moved: \(error.reason)")
            }
        }
    }

    private func takeOver() throws(RenewalProblem) -> (taken: SlotSet, isLast: Bool) {
        do throws(InheritanceProblem) {
            return try server.takeOver(from: host.runtime, to: other, portion: 0, attempts: 10)
        } catch {
            throw RenewalProblem(error.text)
        }
    }

    /// Nothing here can fail, unless a plugin ends the host.
    private func commit(isLast: Bool, paused: UInt64) -> RenewalReport {
        server.exchange(host, with: other)
        // Connections that have stayed cannot be handed over to listeners that run elsewhere.
        other.runtime.publish([:])
        var succession = Succession()
        for successor in successors {
            let (listener, former) = (successor.listener, successor.listener.current)
            listener.renewRuntime(successor.runtime)
            listener.current = successor.generation
            server.applySettings(of: listener)
            succession = succession + listener.current.instance.adopt(only: nil, afterCrash: false)
            accept(for: listener)
            server.retire(former, of: listener)
        }
        var pause = milliseconds(since: paused)
        let closed = successors.reduce(0) { $0 + settleState($1) }
        server.publishListeners()
        server.saveState()
        if !isLast { takeRest(&succession, &pause) }
        server.noteLosses(succession, of: host)
        let staying = Int(clamping: other.runtime.activity.connections)
        server.follow(other)
        return RenewalReport(
            host: host.name, formerProcess: other.runtime.processID, process: host.runtime.processID,
            milliseconds: milliseconds(since: began), pauseMilliseconds: pause, moved: succession.adopted,
            staying: staying, stateBytes: successors.reduce(0) { $0 + ($1.state?.move.bytes ?? 0) }, closed: closed)
    }

    /// Takes over the other portions. What does not come stays.
    private func takeRest(_ succession: inout Succession, _ pause: inout Double) {
        var (portion, isLast) = (1, false)
        while !isLast, !host.runtime.isOver, !other.runtime.isOver {
            let paused = readMonotonicClock()
            guard let result = try? server.takeOver(from: other.runtime, to: host, portion: portion) else { return }
            succession = succession + server.adopt(in: host, afterCrash: false)
            pause = max(pause, milliseconds(since: paused))
            (portion, isLast) = (portion + 1, result.isLast)
        }
    }

    /// From the same sockets.
    private func accept(for listener: RunningListener) {
        for address in listener.addresses.values { address.sockets.close() }
        do throws(ListenerRefusal) {
            try server.accept(for: listener)
        } catch {
            server.giveUp(listener, error)
        }
    }

    /// As after a reload: sessions that have stayed are closed if their instance cannot serve without the state. Returns how many.
    private func settleState(_ successor: Successor) -> Int {
        guard let state = successor.state, let former = successor.listener.retired.last?.instance else { return 0 }
        let closed = state.staysUsable ? 0 : former.cut()
        former.endStandstill(with: nil)
        former.tellStateMoved()
        return closed
    }
}
