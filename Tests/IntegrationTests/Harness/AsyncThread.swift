import Glibc
import Synchronization

/// Runs asynchronous code of a test on a thread of its own. The threads of Swift's own pool are few, and other tests block them.
final class AsyncThread: TaskExecutor {
    private let jobs = Mutex<[UnownedJob]>([])
    private let count = Semaphore()

    /// Calls a function and waits for its result.
    static func run<Value: Sendable>(
        within limit: Duration = .seconds(120), _ body: @escaping @Sendable () async throws -> Value
    ) throws -> Value {
        try start(body).value(within: limit)
    }

    /// Calls a function. Its thread ends with it.
    static func start<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) throws -> Background<Value>
    {
        try Background {
            let executor = AsyncThread()
            let result = Mutex<Result<Value, any Error>?>(nil)
            let task = Task(executorPreference: executor) {
                let found = await Result(catching: body)
                result.withLock { $0 = found }
                executor.count.signal()
            }
            defer { task.cancel() }
            while true {
                executor.runJobs()
                if let found = result.withLock({ $0 }) { return try found.get() }
                executor.count.wait()
            }
        }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        jobs.withLock { $0.append(job) }
        count.signal()
    }

    private func runJobs() {
        while true {
            let taken = jobs.withLock { jobs in
                defer { jobs = [] }
                return jobs
            }
            if taken.isEmpty { return }
            for job in taken { job.runSynchronously(on: asUnownedTaskExecutor()) }
        }
    }
}

extension Result where Failure == any Error {
    fileprivate init(catching body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}

/// sem_overview(7)
private final class Semaphore: @unchecked Sendable {
    private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() { sem_init(semaphore, 0, 0) }
    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func signal() { sem_post(semaphore) }
    func wait() { while sem_wait(semaphore) != 0 {} }
}
