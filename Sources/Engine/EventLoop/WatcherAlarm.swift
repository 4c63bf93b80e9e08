import CLinux
import Synchronization

/// Lets the thread that watches the event loops and workers sleep while all of them are idle. The first of them that begins to
/// work wakes it.
///
/// A thread that begins to work pays one load for this. The watcher pays for the ordering: membarrier(2) between setting the alarm
/// and looking at the threads makes sure that a thread either finds the alarm set or is seen at work.
package final class WatcherAlarm: Sendable {
    private let isSet = Atomic<Bool>(false)
    private let wake = Mutex<(@Sendable () -> Void)?>(nil)
    private let canOrder = linux_register_process_barrier() == 0

    init() {}

    /// - Parameter wake: called once each time that the alarm goes off, on the thread that began to work.
    package func onRing(_ wake: @escaping @Sendable () -> Void) { self.wake.withLock { $0 = wake } }

    /// To be followed by a look at the threads: what began before the alarm was set does not set it off.
    ///
    /// - Returns: false: this kernel has no membarrier(2), and the watcher must stay awake.
    package func set() -> Bool {
        guard canOrder else { return false }
        isSet.store(true, ordering: .relaxed)
        linux_process_barrier()
        return true
    }

    /// - Returns: false: the alarm has gone off already.
    package func unset() -> Bool { isSet.exchange(false, ordering: .acquiringAndReleasing) }

    /// A thread begins to work, after it has published that it does.
    @inline(__always)
    func noteActivity() {
        if _slowPath(isSet.load(ordering: .relaxed)) { ring() }
    }

    @inline(never)
    private func ring() {
        if unset() { wake.withLock { $0 }?() }
    }
}
