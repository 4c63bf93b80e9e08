import CLinux
import Glibc

/// A thread sleeps here until another one wakes it: sem_clockwait(3) and sem_post(3) on the monotonic clock. A wake-up that comes before the
/// sleep is not lost.
package struct Wakeup: ~Copyable, @unchecked Sendable {
    private let semaphore: UnsafeMutablePointer<sem_t>

    package init() {
        semaphore = .allocate(capacity: 1)
        sem_init(semaphore, 0, 0)
    }

    /// From any thread. The other one runs at once, so the caller should hold no lock that it needs.
    package func post() { sem_post(semaphore) }

    /// Until a wake-up or a time, in nanoseconds of `readMonotonicClock`. May also return without either.
    package func wait(until end: UInt64) {
        // A time that the kernel can hold.
        linux_wait_semaphore(semaphore, min(end, 1 << 62))
    }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }
}
