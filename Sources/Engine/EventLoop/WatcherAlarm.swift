import CLinux
import Synchronization

/// Lets the thread that watches the event loops and workers sleep while they are idle. The first of them to begin work wakes it.
///
/// A thread that begins work pays one load for this. The watcher pays for the memory ordering: after membarrier(2), every thread
/// either sees that the alarm is set, or the watcher sees that it works.
package final class WatcherAlarm: Sendable {
    private let flag = Atomic<Bool>(false)
    private let wake = Mutex<(@Sendable () -> Void)?>(nil)
    private let canOrder = linux_register_process_barrier() == 0

    init() {}

    /// - Parameter wake: called once each time the alarm is triggered, on the thread that began work.
    package func onRing(_ wake: @escaping @Sendable () -> Void) { self.wake.withLock { $0 = wake } }

    /// Check the threads after this: work that began before the alarm was set does not trigger it.
    ///
    /// - Returns: false: the kernel has no membarrier(2), and the watcher must stay awake.
    package func set() -> Bool {
        guard canOrder else { return false }
        flag.store(true, ordering: .relaxed)
        linux_process_barrier()
        return true
    }

    /// - Returns: false: the alarm was triggered before.
    package func unset() -> Bool { flag.exchange(false, ordering: .acquiringAndReleasing) }

    @inline(__always)
    var isSet: Bool { flag.load(ordering: .relaxed) }

    /// A thread calls this when it begins work, after it has published that it works.
    func noteActivity() {
        if isSet, unset() { wake.withLock { $0 }?() }
    }
}
