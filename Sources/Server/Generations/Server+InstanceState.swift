import Configuration
import HostInterface
import Instances

/// Moves the state of a plugin from one generation to the next. On the control thread.
extension Server {
    /// A state that has moved, while the callbacks of its listener still stand still.
    struct Standstill {
        let old: any RuntimeInstance
        let new: any RuntimeInstance
        var move: StateMove
        let began: MonotonicTime
        let staysUsable: Bool
    }

    /// Why the state that runs cannot move to a new generation under this configuration; nil: it can, or there is none.
    func stateProblem(
        from old: any RuntimeInstance, to new: any RuntimeInstance, _ configuration: ListenerConfiguration
    ) -> (key: String, message: String)? {
        switch old.stateTransfer(to: new) {
        case .none, .startsAnew, .moves(staysUsable: true): return nil
        case .impossible(let reason): return ("plugin", reason)
        case .moves(staysUsable: false):
            let why =
                "the plugin keeps state that moves to the new generation, and its old generation cannot serve without it"
            let policy = configuration.reload.onReload
            if policy != .migrate { return ("on_reload", "expected \"migrate\", found \"\(policy.rawValue)\": \(why)") }
            if configuration.rollout.isCanary { return ("rollout.percent", "expected 100: \(why)") }
            return nil
        }
    }

    /// Moves the state of a listener's plugin, if it has any. The callbacks of the listener stand still until `finish` or
    /// `endStandstill`.
    func moveState(
        from old: any RuntimeInstance, to new: any RuntimeInstance, _ configuration: ListenerConfiguration
    ) throws(StateRefusal) -> Standstill? {
        guard case .moves(let staysUsable) = old.stateTransfer(to: new) else { return nil }
        let began = MonotonicTime.now()
        let move = try old.moveState(to: new, timeout: configuration.reload.stateTimeout)
        return Standstill(old: old, new: new, move: move, began: began, staysUsable: staysUsable)
    }

    /// Lets the callbacks run again once the sessions have moved. Sessions that could not move are closed, unless their generation can
    /// serve them without the state.
    func finish(_ standstill: Standstill) -> StateMove {
        var move = standstill.move
        if !standstill.staysUsable { move.closed = standstill.old.cut() }
        standstill.old.endStandstill(with: standstill.new)
        move.pauseMilliseconds = Double(MonotonicTime.now().nanoseconds - standstill.began.nanoseconds) / 1e6
        standstill.old.tellStateMoved()
        return move
    }
}

extension StateMove {
    /// For a receipt: "state of 104 857 600 bytes moved in 412 ms".
    var text: String {
        let text = "state of \(bytes) bytes moved, pause \(Int(pauseMilliseconds.rounded())) ms"
        return closed > 0 ? text + ", closed \(closed)" : text
    }
}
