import CMartlet
import Synchronization

/// A timer of an instance: `martlet_loops.start_timer`.
package final class InstanceTimer: @unchecked Sendable {
    let tick: martlet_tick
    let context: UnsafeMutableRawPointer?
    private let release: martlet_release?
    /// Milliseconds; 0: it ticks once.
    let period: UInt64
    /// The `env` of ticks on a worker; nil: it ticks on its loop.
    let workerEnvironment: UnsafePointer<martlet_env>?
    let ledger: InstanceLedger
    /// The listener's share of the workers.
    let share: WorkShare
    /// Told once, on the loop.
    private let onEnd: @Sendable () -> Void

    // Only its loop uses these.
    /// Its place in the wheel of the loop; nil: it has not started, or has ended.
    var number: UInt32?
    /// When it is due, in milliseconds on the loop's clock.
    var deadline: UInt64 = 0
    /// A worker runs its tick.
    var isAway = false
    private(set) var hasEnded = false

    package init(
        tick: @escaping martlet_tick, context: UnsafeMutableRawPointer?, release: martlet_release?, period: UInt64,
        workerEnvironment: UnsafePointer<martlet_env>?, ledger: InstanceLedger, share: WorkShare,
        onEnd: @escaping @Sendable () -> Void
    ) {
        self.tick = tick
        self.context = context
        self.release = release
        self.period = period
        self.workerEnvironment = workerEnvironment
        self.ledger = ledger
        self.share = share
        self.onEnd = onEnd
    }

    /// Gives what the plugin passed back to it.
    func end(_ running: UnsafeMutablePointer<RunningCallback>) {
        hasEnded = true
        running.pointee.begin(.release, ledger.label)
        release?(context)
        running.pointee.end()
        onEnd()
    }
}
