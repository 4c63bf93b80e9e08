import CLinux
import Glibc
import Synchronization
import Threads

/// What one thread publishes about itself: which callback it is in, and its number. A cache line of its own.
package struct ThreadRecord: @unchecked Sendable {
    static let size = 64

    private let base: UnsafeMutableRawPointer

    /// - Parameter base: `size` bytes, zeroed at first.
    init(_ base: UnsafeMutableRawPointer) { self.base = base }

    package var running: UnsafeMutablePointer<RunningCallback> { base.assumingMemoryBound(to: RunningCallback.self) }

    private var threadNumber: UnsafeMutablePointer<Atomic<Int32>> {
        (base + 8).assumingMemoryBound(to: Atomic<Int32>.self)
    }

    /// gettid(2); 0: no thread has it.
    package var thread: Int32 { threadNumber.pointee.load(ordering: .relaxed) }

    // The item that a worker runs: what it is, since when, and the number of the worker.
    private var jobWord: UnsafeMutablePointer<Atomic<UInt64>> { word(16) }
    private var jobStart: UnsafeMutablePointer<Atomic<UInt64>> { word(24) }
    private var worker: UnsafeMutablePointer<Atomic<UInt64>> { word(32) }

    /// The address of the connection that the thread changes now; 0: none. `CallbackContextPointer.workOn`
    var connection: UnsafeMutablePointer<Atomic<UInt>> { (base + 40).assumingMemoryBound(to: Atomic<UInt>.self) }

    private func word(_ offset: Int) -> UnsafeMutablePointer<Atomic<UInt64>> {
        (base + offset).assumingMemoryBound(to: Atomic<UInt64>.self)
    }

    /// The calling worker runs an item from now on.
    func beginJob(_ kind: CallbackKind, _ label: UInt32, worker number: Int) {
        jobStart.pointee.store(readMonotonicClock(), ordering: .relaxed)
        worker.pointee.store(UInt64(number), ordering: .relaxed)
        let job = RunningCallback.Observation(sequence: 0, label: label, kind: kind)
        jobWord.pointee.store(job.word, ordering: .releasing)
    }

    func endJob() { jobWord.pointee.store(0, ordering: .relaxed) }

    /// nil: the thread is no worker, or runs nothing. The fields may be of two items that follow each other.
    package var job: WorkerPool.Running? {
        guard let job = RunningCallback.Observation(word: jobWord.pointee.load(ordering: .acquiring)) else {
            return nil
        }
        return WorkerPool.Running(
            worker: Int(truncatingIfNeeded: worker.pointee.load(ordering: .relaxed)), label: job.label, kind: job.kind,
            since: jobStart.pointee.load(ordering: .relaxed))
    }

    /// The record is the calling thread's from now on.
    func begin() {
        threadNumber.pointee.store(Int32(truncatingIfNeeded: linux_thread_number()), ordering: .relaxed)
        linux_watch_thread(base)
    }

    /// The calling thread is about to end.
    func end() {
        linux_unwatch_thread()
        running.pointee.end()
        endJob()
        connection.pointee.store(0, ordering: .relaxed)
        threadNumber.pointee.store(0, ordering: .relaxed)
    }
}
