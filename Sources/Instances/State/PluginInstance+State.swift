import CMartlet
import Engine
import Glibc
import PluginABI
import Threads

/// The state of an instance, which moves to its successor: `martlet.instance-state/1`. Called on the control thread.
extension PluginInstance {
    package func stateTransfer(to other: PluginInstance) -> StateTransfer {
        guard let state = image.state else { return .none }
        let (source, target) = (state.versions, other.image.state?.versions)
        let name = "\(other.image.description.name) \(other.image.description.version)"
        guard let target, target.schema == source.schema else {
            let found = target.map { "has the schema \($0.schema)" } ?? "has none"
            return .startsAnew("the state \(source.schema) is left behind: \(name) \(found)")
        }
        guard source.fits(target) else {
            return .impossible(
                "\(name) restores the versions \(target.restores.lowerBound) to \(target.restores.upperBound) of "
                    + "\(source.schema), and the state that runs has version \(source.version)")
        }
        return .moves(staysUsable: state.staysUsable)
    }

    /// Lets the callbacks of the listener stand still and moves the state. They stand still until `endStandstill`; if this fails, they
    /// run again.
    package func moveState(to other: PluginInstance, timeout: Duration) throws(StateRefusal) -> StateMove {
        guard let source = image.state, let target = other.image.state else { return StateMove() }
        let deadline = Deadline.after(nanoseconds: timeout.nanoseconds)
        do throws(StateRefusal) {
            try standStill(other, by: deadline)
            let pipe = StatePipe(source, env, by: deadline) { data, length in
                other.interposition?.willCall(.restoreState)
                // Within the call of `save`, but another plugin: whoever dies there must not be taken for the one that saves.
                let result = other.engine.published.publishNested(.restoreState, other.label) {
                    target.restore(other.env, source.versions.version, data, length)
                }
                return result == MARTLET_OK ? nil : StateRefusal(reason: "restore returned \(result)")
            }
            return try transfer(pipe, to: other, by: deadline)
        } catch {
            endStandstill(with: other)
            throw error
        }
    }

    /// Lets the callbacks of the listener stand still and writes the state to a file, for an instance in another process. They stand still
    /// until `endStandstill`; if this fails, they run again.
    package func saveState(to file: Int32, timeout: Duration) throws(StateRefusal) -> StateMove {
        guard let source = image.state else { return StateMove() }
        let deadline = Deadline.after(nanoseconds: timeout.nanoseconds)
        do throws(StateRefusal) {
            try standStill(nil, by: deadline)
            return try transfer(
                StatePipe(source, env, by: deadline) { StatePieces.write($0, $1, to: file) }, to: nil, by: deadline)
        } catch {
            endStandstill(with: nil)
            throw error
        }
    }

    /// Restores the state from such a file, which an instance of the same plugin has written.
    package func restoreState(from file: Int32, timeout: Duration) throws(StateRefusal) {
        guard let target = image.state else { return }
        let deadline = Deadline.after(nanoseconds: timeout.nanoseconds)
        ledger.enterAgain()
        let leave: @Sendable () -> Void = { [ledger] in ledger.leave() }
        let result = controlCall(.restoreState, by: deadline, ifNoThread: leave) { [self] () -> StateRefusal? in
            defer { leave() }
            return StatePieces.read(file) { data, length in
                let result = target.restore(env, target.versions.version, data, length)
                return result == MARTLET_OK ? nil : StateRefusal(reason: "restore returned \(result)")
            }
        }
        guard let result else { throw StateRefusal(reason: "restore has not returned (state_timeout)") }
        if let result { throw result }
    }

    /// - Parameter other: nil: the state goes to a file.
    private func transfer(
        _ pipe: StatePipe, to other: PluginInstance?, by deadline: Deadline
    ) throws(StateRefusal) -> StateMove {
        // After the deadline the pipe takes no more pieces. Until `save` has returned, callbacks must not change what it reads.
        let grace =
            engine.isDriven ? deadline : Deadline(nanoseconds: deadline.nanoseconds.adding(saturating: callNanoseconds))
        // Neither instance is destroyed before the call has returned, however late that is.
        let ledgers = [ledger] + (other.map { [$0.ledger] } ?? [])
        for ledger in ledgers { ledger.enterAgain() }
        let leave: @Sendable () -> Void = { for ledger in ledgers { ledger.leave() } }
        let isDone = controlCall(.saveState, by: grace, ifNoThread: leave) {
            defer { leave() }
            pipe.run()
            return true
        }
        guard isDone != nil else {
            let culprit = (pipe.isRestoring ? other : nil) ?? self
            throw StateRefusal(
                reason: "\(pipe.isRestoring ? "restore" : "save") of generation \(culprit.generation) has not returned "
                    + "(state_timeout)")
        }
        if let problem = pipe.problem { throw problem }
        return pipe.move
    }

    /// Parks all sessions and waits until nothing of the instance runs.
    private func standStill(_ other: PluginInstance?, by deadline: Deadline) throws(StateRefusal) {
        try setStillness(.settling)
        try other?.setStillness(.complete)
        var wait: UInt32 = 50
        while true {
            if try unparked() == 0, ledger.isEmpty {
                try setStillness(.complete)
                isStandingStill.store(true, ordering: .sequentiallyConsistent)
                // Something may have begun since the count, on a thread of the plugin or of an operator.
                if try unparked() == 0, ledger.isEmpty { return }
                isStandingStill.store(false, ordering: .sequentiallyConsistent)
                try setStillness(.settling)
            }
            guard !deadline.isOver else {
                let left = try unparked()
                throw StateRefusal(
                    reason: left > 0
                        ? "\(left) sessions are busy (state_timeout)"
                        : "work or deliveries of the plugin do not end (state_timeout)")
            }
            if engine.isDriven {
                guard engine.runOne() else { throw StateRefusal(reason: "sessions are busy") }
            } else {
                usleep(wait)
                wait = min(wait * 2, 2_000)
            }
        }
    }

    func setStillness(_ stillness: Stillness) throws(StateRefusal) {
        for (index, loop) in engine.loops.enumerated() {
            nonisolated(unsafe) let binding = bindings[index]
            let isDone = loop.order { core in
                core.setStillness(stillness, of: binding)
                return true
            }
            guard isDone != nil else { throw stuck(loop) }
        }
    }

    /// Sessions that are not parked, of all loops.
    private func unparked() throws(StateRefusal) -> Int {
        var left = 0
        for (index, loop) in engine.loops.enumerated() {
            nonisolated(unsafe) let binding = bindings[index]
            let scan = loop.scan(0) { core, piece, sum in
                let result = core.park(binding, piece: piece)
                sum += result.left
                return result.next
            }
            guard scan.isComplete else { throw stuck(loop) }
            left += scan.sum
        }
        return left
    }

    private func stuck(_ loop: EventLoop) -> StateRefusal {
        StateRefusal(reason: "event loop \(loop.index) \(Stall.text(of: loop.page))")
    }

    /// Lets the callbacks of both instances run again, on whichever of them their sessions are now.
    ///
    /// - Parameter other: nil: the state went to a file.
    package func endStandstill(with other: PluginInstance?) {
        isStandingStill.store(false, ordering: .sequentiallyConsistent)
        let scans = engine.loops.enumerated().map { index, loop in
            nonisolated(unsafe) let both = [bindings[index]] + (other.map { [$0.bindings[index]] } ?? [])
            loop.run { core in
                for binding in both where binding.own.pointee.stillness != .none {
                    core.setStillness(.none, of: binding)
                }
            }
            return loop.startScan(()) { core, piece, _ in core.unpark(both, piece: piece) }
        }
        for (loop, scan) in zip(engine.loops, scans) {
            _ = scan.wait()
            loop.run { $0.catchUpPostponed() }
        }
    }

    /// Tells the plugin that its state has moved.
    package func tellStateMoved() {
        guard let moved = image.state?.moved else { return }
        ledger.enterAgain()
        _ = controlCall(.stateMoved, ifNoThread: ledger.leave) { [self] in
            defer { ledger.leave() }
            moved(env)
            return true
        }
    }
}
