import CLinux
import Glibc
import Synchronization
import Threads

/// A value that one thread waits for and another provides, with a semaphore (sem_overview(7)).
package final class Reply<Value: Sendable>: Sendable {
    private let value = Mutex<Value?>(nil)
    nonisolated(unsafe) private let semaphore: UnsafeMutablePointer<sem_t>

    package init() {
        semaphore = .allocate(capacity: 1)
        sem_init(semaphore, 0, 0)
    }

    package func set(_ value: Value) {
        self.value.withLock { $0 = value }
        sem_post(semaphore)
    }

    /// The value, if it has come.
    package var current: Value? { value.withLock { $0 } }

    /// Waits without a deadline, for a value that another thread of the host is sure to provide.
    package func wait() -> Value {
        while true {
            while sem_wait(semaphore) != 0 {}
            if let value = value.withLock({ $0 }) { return value }
        }
    }

    /// nil: the value did not come in time.
    package func wait(until deadline: Deadline) -> Value? {
        _ = linux_wait_semaphore(semaphore, deadline.nanoseconds)
        return value.withLock { $0 }
    }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }
}
