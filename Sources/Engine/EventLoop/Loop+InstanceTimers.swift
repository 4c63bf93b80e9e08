import CMartlet

/// Timers of instances: `martlet_loops.start_timer`.
extension LoopPointer {
    /// - Parameter delay: milliseconds until the first tick.
    package func start(_ timer: InstanceTimer, delay: UInt64) {
        guard !timer.hasEnded else { return }
        timer.deadline = context.pointee.milliseconds + Swift.min(delay, LoopCore.longestTimer)
        pointee.timers.schedule(timer)
    }

    /// No tick follows. A tick that a worker runs finishes first.
    package func end(_ timer: InstanceTimer) {
        guard !timer.hasEnded else { return }
        pointee.timers.remove(timer)
        if !timer.isAway { timer.end(context.pointee.running) }
    }

    /// Runs the timers that are due, a bounded number per turn.
    func runInstanceTimers() {
        for _ in 0..<LoopCore.tickBatch {
            guard let timer = pointee.timers.popExpired(now: context.pointee.milliseconds) else { return }
            tick(timer)
        }
    }

    private func tick(_ timer: InstanceTimer) {
        // Before `loop_start` there is nothing to tick for, and while the state moves nothing ticks.
        guard let binding = binding(of: timer.ledger), binding.own.pointee.stillness != .complete else {
            return postpone(timer)
        }
        guard timer.workerEnvironment == nil else { return tickOnWorker(timer) }
        context.pointee.running.pointee.begin(.tick, timer.ledger.label)
        timer.tick(binding.pointee.env, timer.context)
        context.pointee.running.pointee.end()
        context.runReleases()
        finishTick(timer)
    }

    private func postpone(_ timer: InstanceTimer) {
        timer.deadline = context.pointee.milliseconds + LoopCore.jobRetryMilliseconds
        pointee.timers.schedule(timer)
    }

    private func tickOnWorker(_ timer: InstanceTimer) {
        guard timer.ledger.enter() else { return end(timer) }
        timer.isAway = true
        let mailbox = pointee.mailbox
        let submission = pointee.workers.submit(
            InstanceTimer.work, context: Unmanaged.passUnretained(timer).toOpaque(), kind: .tick,
            label: timer.ledger.label, share: timer.share
        ) {
            mailbox.send(
                .run { core in
                    timer.isAway = false
                    // A timer that was ended meanwhile has left the wheel.
                    if timer.number == nil { timer.end(core.context.pointee.running) } else { core.finishTick(timer) }
                    timer.ledger.leave()
                })
        }
        guard submission != .taken else { return }
        timer.isAway = false
        timer.ledger.leave()
        if submission == .full { postpone(timer) } else { end(timer) }
    }

    /// The tick may have ended its timer.
    private func finishTick(_ timer: InstanceTimer) {
        guard !timer.hasEnded else { return }
        guard timer.period > 0 else { return end(timer) }
        // Periods that have passed meanwhile are left out.
        let late = context.pointee.milliseconds - Swift.min(timer.deadline, context.pointee.milliseconds)
        timer.deadline += Swift.min(timer.period, LoopCore.longestTimer) * (1 + late / timer.period)
        pointee.timers.schedule(timer)
    }
}

extension InstanceTimer {
    /// The tick on a worker. The completion keeps the timer alive.
    fileprivate static let work: martlet_work = { timer in
        let timer = Unmanaged<InstanceTimer>.fromOpaque(timer!).takeUnretainedValue()
        timer.tick(timer.workerEnvironment!, timer.context)
    }
}
