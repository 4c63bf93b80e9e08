import CMartlet
import Engine

/// `martlet.loops/1`
extension PluginInstance {
    static func connection(_ env: UnsafePointer<martlet_env>?, _ id: martlet_connection_id) -> OpaquePointer? {
        guard let env else { return nil }
        let (instance, loop) = (of(env.pointee.instance), Int(env.pointee.loop))
        guard instance.bindings.indices.contains(loop) else { return nil }
        return instance.engine.loops[loop].core
            .reach(ConnectionID(rawValue: id), from: instance.bindings[loop]).map { OpaquePointer($0) }
    }

    func post(
        toLoop loop: UInt32, delivery: @escaping martlet_delivery, context: UnsafeMutableRawPointer?
    ) -> martlet_result {
        guard engine.loops.indices.contains(Int(loop)) else { return MARTLET_ERROR_ARGUMENT }
        guard ledger.enter() else { return MARTLET_ERROR_STOPPING }
        return post(delivery, to: ConnectionID(rawValue: 0), on: engine.loops[Int(loop)], context: context)
    }

    func startTimer(
        loop number: UInt32, delay: UInt64, period: UInt64, tick: @escaping martlet_tick, release: martlet_release?,
        context: UnsafeMutableRawPointer?, _ id: UnsafeMutablePointer<martlet_timer>
    ) -> martlet_result {
        let onWorker = number == MARTLET_NO_LOOP
        let chosen = onWorker ? engine.loops.firstIndex { !$0.isStuck } ?? 0 : Int(number)
        guard engine.loops.indices.contains(chosen) else { return MARTLET_ERROR_ARGUMENT }
        // Like `post`, it must not come between the last check for outstanding work and the end.
        guard ledger.enter() else { return MARTLET_ERROR_STOPPING }
        defer { ledger.leave() }
        let loop = engine.loops[chosen]
        let added = timers.add { id in
            let timer = InstanceTimer(
                tick: tick, context: context, release: release, period: period, workerEnvironment: onWorker ? env : nil,
                ledger: ledger, share: admission.workShare, onEnd: { [timers] in timers.remove(id) })
            return TimerRegistry.Entry(timer: timer, loop: loop)
        }
        guard let (number, entry) = added else { return MARTLET_ERROR_BUSY }
        id.pointee = number
        loop.run { $0.start(entry.timer, delay: delay) }
        return MARTLET_OK
    }

    func cancelTimer(_ id: martlet_timer) -> martlet_result {
        guard let entry = timers.cancel(id) else { return MARTLET_ERROR_ARGUMENT }
        entry.loop.run { $0.end(entry.timer) }
        return MARTLET_OK
    }

    /// Ends the timers that are left. False: a loop does not turn.
    func endTimers() -> Bool {
        for entry in timers.all {
            guard entry.loop.ask({ $0.end(entry.timer) }) != nil else { return false }
        }
        return true
    }
}
