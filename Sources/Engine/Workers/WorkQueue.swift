import Glibc

/// A bounded first-in, first-out queue between threads: a mutex and a condition (pthread_cond_wait(3)).
final class WorkQueue: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let filled: UnsafeMutablePointer<pthread_cond_t>
    private let limit: Int

    // Guarded by the mutex.
    private var items: [WorkItem?]
    private var head = 0
    private var closed = false
    private var state = WorkerPool.Counts()

    init(limit: Int) {
        self.limit = limit
        items = Array(repeating: nil, count: limit)
        mutex = .allocate(capacity: 1)
        filled = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(filled, nil)
    }

    func put(_ item: WorkItem) -> WorkerPool.Submission {
        locked {
            guard !closed else { return .stopping }
            guard state.queued < limit else {
                state.rejected += 1
                return .full
            }
            items[(head + state.queued) % limit] = item
            state.queued += 1
            state.submitted += 1
            pthread_cond_signal(filled)
            return .taken
        }
    }

    /// Waits for an item; nil once the queue is closed and empty.
    func take() -> WorkItem? {
        locked {
            while state.queued == 0 {
                if closed { return nil }
                pthread_cond_wait(filled, mutex)
            }
            let item = items[head]
            items[head] = nil
            head = (head + 1) % limit
            state.queued -= 1
            state.running += 1
            return item
        }
    }

    func finish() {
        locked {
            state.running -= 1
            state.completed += 1
        }
    }

    func close() {
        locked {
            closed = true
            pthread_cond_broadcast(filled)
        }
    }

    var counts: WorkerPool.Counts { locked { state } }

    private func locked<Result>(_ body: () -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body()
    }

    deinit {
        pthread_cond_destroy(filled)
        pthread_mutex_destroy(mutex)
        filled.deallocate()
        mutex.deallocate()
    }
}
