/// The timers of instances on one loop.
struct LoopTimers: ~Copyable {
    private var wheel: TimerWheel
    private var timers: ContiguousArray<InstanceTimer?> = []
    private var free: ContiguousArray<UInt32> = []

    /// - Parameter now: milliseconds on the loop's clock.
    init(now: UInt64) { wheel = TimerWheel(now: now) }

    var isEmpty: Bool { timers.count == free.count }

    var nextWake: UInt64? { wheel.nextWake }

    /// Schedules a timer at its deadline.
    mutating func schedule(_ timer: InstanceTimer) {
        let number = timer.number ?? free.popLast() ?? UInt32(timers.count)
        if number == timers.count { timers.append(nil) }
        timers[Int(number)] = timer
        timer.number = number
        wheel.schedule(number, at: timer.deadline)
    }

    mutating func remove(_ timer: InstanceTimer) {
        guard let number = timer.number else { return }
        wheel.cancel(number)
        timers[Int(number)] = nil
        timer.number = nil
        free.append(number)
    }

    /// A timer that is due. It keeps its place.
    mutating func popExpired(now: UInt64) -> InstanceTimer? {
        wheel.popExpired(now: now).flatMap { timers[Int($0)] }
    }
}
