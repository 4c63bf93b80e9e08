import Glibc
import Synchronization

/// Work that may block: the plugin's function, and where its completion goes.
package struct WorkItem: @unchecked Sendable {
    let work: WorkFunction
    let context: UnsafeMutableRawPointer?
    let completion: @Sendable () -> Void

    /// The context is the plugin's: it hands it from thread to thread.
    package init(
        work: @escaping WorkFunction, context: UnsafeMutableRawPointer?, completion: @escaping @Sendable () -> Void
    ) {
        self.work = work
        self.context = context
        self.completion = completion
    }
}

/// Threads that run what may block, behind a bounded queue.
package final class WorkerPool: Sendable {
    package struct Counts: Sendable {
        package var submitted: UInt64 = 0
        package var completed: UInt64 = 0
        package var rejected: UInt64 = 0
        package var queued = 0
        package var running = 0
    }

    /// What became of a submission. Unless taken, nothing will be called.
    package enum Submission: Sendable { case taken, full, stopping }

    private let queue: WorkQueue
    private let threads: Mutex<[NamedThread]>
    package let threadCount: Int
    package let queueLimit: Int

    init(threadCount: Int, queueLimit: Int) throws(SystemError) {
        self.threadCount = threadCount
        self.queueLimit = queueLimit
        let queue = WorkQueue(limit: queueLimit)
        self.queue = queue
        var threads: [NamedThread] = []
        for index in 0..<threadCount {
            threads.append(
                try NamedThread(name: "worker-\(index)") {
                    while let item = queue.take() {
                        item.work(item.context)
                        item.completion()
                        queue.finish()
                    }
                })
        }
        self.threads = Mutex(threads)
    }

    /// From any thread.
    package func submit(_ item: WorkItem) -> Submission { queue.put(item) }

    package var counts: Counts { queue.counts }

    /// Runs what is queued, then ends the threads and waits for them.
    package func stop() {
        queue.close()
        for thread in threads.withLock({ $0 }) { thread.join() }
    }
}
