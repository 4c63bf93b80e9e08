import Glibc
import Synchronization

/// A value that one thread waits for and another provides: a semaphore (sem_overview(7)) and a place.
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

    package func wait() -> Value {
        while true {
            while sem_wait(semaphore) != 0 {}
            if let value = value.withLock({ $0 }) { return value }
        }
    }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }
}
