import CMartlet

/// Timers of the instance, and deliveries to an event loop: `martlet.loops/1`.
extension Host {
    /// Calls `tick` on an event loop once in each period, the first time after one period. Periods that pass while a tick is late are left
    /// out. Ticks of a timer never overlap. The timer ends with `cancel`, or with the instance; then `tick` is released. [any]
    ///
    /// - Parameters:
    ///   - period: rounded up to whole milliseconds, at least one.
    ///   - loop: from 0; must not be blocked.
    ///   - tick: gets the instance on that loop. [loop]
    /// - Returns: the timer; its `result` tells whether it has started.
    @discardableResult
    public func every(
        _ period: Duration, onLoop loop: Int, _ tick: @escaping @Sendable (LoopAccess<P>) -> Void
    ) -> InstanceTimer<P> {
        start(LoopTimerJob(tick), loop, after: period, repeats: true)
    }

    /// Calls `tick` on a worker, where it may block, once in each period, like `every(_:onLoop:_:)`. [any]
    ///
    /// - Parameters:
    ///   - period: rounded up to whole milliseconds, at least one.
    ///   - tick: gets the instance. [worker]
    @discardableResult
    public func every(_ period: Duration, onWorker tick: @escaping @Sendable (P) -> Void) -> InstanceTimer<P> {
        start(WorkerTimerJob(tick), nil, after: period, repeats: true)
    }

    /// Calls `tick` once on an event loop, after a time. [any]
    ///
    /// - Parameters:
    ///   - delay: rounded up to whole milliseconds, at least one.
    ///   - loop: from 0; must not be blocked.
    ///   - tick: gets the instance on that loop. [loop]
    @discardableResult
    public func after(
        _ delay: Duration, onLoop loop: Int, _ tick: @escaping @Sendable (LoopAccess<P>) -> Void
    ) -> InstanceTimer<P> {
        start(LoopTimerJob(tick), loop, after: delay, repeats: false)
    }

    /// Calls `tick` once on a worker, where it may block, after a time. [any]
    ///
    /// - Parameters:
    ///   - delay: rounded up to whole milliseconds, at least one.
    ///   - tick: gets the instance. [worker]
    @discardableResult
    public func after(_ delay: Duration, onWorker tick: @escaping @Sendable (P) -> Void) -> InstanceTimer<P> {
        start(WorkerTimerJob(tick), nil, after: delay, repeats: false)
    }

    private func start(_ job: TimerJob, _ loop: Int?, after delay: Duration, repeats: Bool) -> InstanceTimer<P> {
        guard let loops else { return InstanceTimer(host: self, id: 0, result: .unsupported) }
        guard let place = loop.map({ UInt32(exactly: $0) }) ?? MARTLET_NO_LOOP, loop == nil || place != MARTLET_NO_LOOP
        else { return InstanceTimer(host: self, id: 0, result: .argument) }
        let milliseconds = max(delay.wholeMilliseconds, 1)
        let context = Unmanaged.passRetained(job)
        var id: martlet_timer = 0
        let result = HostResult(
            rawValue: loops.pointee.start_timer(
                instance, place, milliseconds, repeats ? milliseconds : 0, TimerJob.tick, TimerJob.release,
                context.toOpaque(), &id))
        if !result.isAccepted { context.release() }
        return InstanceTimer(host: self, id: id, result: result)
    }

    /// Runs `delivery` on an event loop, exactly once. It gets nil if the instance has not started on that loop, or was refused. [any]
    ///
    /// - Parameters:
    ///   - loop: from 0.
    ///   - delivery: gets the instance on that loop. [loop]
    /// - Returns: `ok`; `busy` (the loop has no room for another delivery), `stopping`, `argument` (no such loop), `unsupported` (the host
    ///   lacks `HostExtension.loops`). Unless it returns `ok`, `delivery` is not called, and is released.
    public func post(
        toLoop loop: Int, _ delivery: @escaping @Sendable (LoopAccess<P>?) -> Void
    ) -> HostResult {
        guard let loops else { return .unsupported }
        guard let loop = UInt32(exactly: loop) else { return .argument }
        let job = Unmanaged.passRetained(LoopDeliveryJob<P>(delivery) as Job)
        let result = HostResult(rawValue: loops.pointee.post(instance, loop, Job.delivery, job.toOpaque()))
        if !result.isAccepted { job.release() }
        return result
    }
}

/// A timer of an instance, from `Host.every` and `Host.after`. It also runs if nobody keeps this value. Keep it to cancel the timer, from
/// any thread.
public struct InstanceTimer<P: Plugin>: Sendable {
    let host: Host<P>
    let id: martlet_timer

    /// `ok`: it has started. `busy`: the instance has 1,024 timers; `stopping`; `argument`: no such loop; `unsupported`: the host lacks
    /// `HostExtension.loops`.
    public let result: HostResult

    /// Ends the timer. A tick that has begun finishes; no other follows.
    ///
    /// - Returns: `ok`; `argument`: it has ended, or never started. [any]
    @discardableResult
    public func cancel() -> HostResult {
        guard result.isAccepted, let loops = host.loops else { return .argument }
        return HostResult(rawValue: loops.pointee.cancel_timer(host.instance, id))
    }
}

/// What a timer does. Its address is the one pointer that the host passes back.
class TimerJob {
    func tick(_ env: UnsafePointer<martlet_env>) {}

    static let tick: martlet_tick = { env, context in
        Unmanaged<TimerJob>.fromOpaque(context!).takeUnretainedValue().tick(env!)
    }

    static let release: martlet_release = { Unmanaged<TimerJob>.fromOpaque($0!).release() }
}

private final class LoopTimerJob<P: Plugin>: TimerJob {
    private let body: (LoopAccess<P>) -> Void

    init(_ body: @escaping (LoopAccess<P>) -> Void) { self.body = body }

    override func tick(_ env: UnsafePointer<martlet_env>) {
        if let access = LoopAccess<P>(env) { body(access) }
    }
}

private final class WorkerTimerJob<P: Plugin>: TimerJob {
    private let body: (P) -> Void

    init(_ body: @escaping (P) -> Void) { self.body = body }

    override func tick(_ env: UnsafePointer<martlet_env>) {
        if env.pointee.state != nil { body(env.box(P.self).pointee.plugin) }
    }
}

private final class LoopDeliveryJob<P: Plugin>: Job {
    private let body: (LoopAccess<P>?) -> Void

    init(_ body: @escaping (LoopAccess<P>?) -> Void) { self.body = body }

    override func deliver(
        _ env: UnsafePointer<martlet_env>, _ handle: OpaquePointer?, _ session: UnsafeMutableRawPointer?
    ) {
        body(LoopAccess(env))
    }
}

extension Duration {
    /// Rounded up; 0 for a negative duration.
    var wholeMilliseconds: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        let (whole, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000)
        let part = UInt64(attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
        return overflow ? .max : whole + part
    }
}
