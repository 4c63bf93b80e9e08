import Configuration
import Engine
import PluginHost

/// One generation after another on a listener. On the control thread.
extension Server {
    /// Makes an instance the listener's current one: it gets the next connections, and open ones fare as the listener's
    /// policy says.
    ///
    /// - Parameter takeOver: makes the listener's sockets lead to its current instance.
    func succeed(_ listener: RunningListener, by new: PluginInstance, takeOver: () -> Void) -> SessionMoves {
        let old = listener.current
        let policy = listener.configuration.reload
        listener.current = new
        takeOver()
        var moves = SessionMoves()
        for instance in listener.retired + [old] {
            switch policy.onReload {
            case .migrate: moves = moves + instance.migrate(to: new)
            case .pin, .drain:
                instance.pinSessions()
                moves.pinned += Int(clamping: instance.counts.open)
            }
        }
        retire(old, of: listener)
        if policy.onReload == .drain { drain(old, of: listener) }
        drainOldest(of: listener)
        return moves
    }

    /// Lets an instance end with its last connection.
    func retire(_ instance: PluginInstance, of listener: RunningListener) {
        listener.retired.append(instance)
        let name = listener.configuration.name
        instance.retire { [self] in control.run { self.finishRetired(name, instance) } }
    }

    /// A cap on generations: those that are too many, oldest first, are told to finish.
    private func drainOldest(of listener: RunningListener) {
        let excess = listener.retired.count + 1 - listener.configuration.reload.maximumGenerations
        for instance in listener.retired.prefix(max(excess, 0)) where !instance.isDraining {
            logger.info(
                "too many generations: the oldest is told to finish",
                metadata: ["listener": "\(listener.configuration.name)", "generation": "\(instance.generation)"])
            drain(instance, of: listener)
        }
    }

    /// Asks the sessions of a retired generation to finish, and cuts them when the time is over.
    private func drain(_ instance: PluginInstance, of listener: RunningListener) {
        let name = listener.configuration.name
        instance.drain()
        control.run(after: listener.configuration.reload.drainTimeout.milliseconds) { [self] in
            guard listeners[name]?.retired.contains(where: { $0 === instance }) == true else { return }
            let cut = instance.cut()
            guard cut > 0 else { return }
            logger.warning(
                "drain timeout: connections of an old generation were cut",
                metadata: [
                    "listener": "\(name)", "generation": "\(instance.generation)", "connections": "\(cut)",
                ])
        }
    }
}
