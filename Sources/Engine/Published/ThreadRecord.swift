import CLinux
import Glibc
import Synchronization

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

    /// The record is the calling thread's from now on.
    func begin() {
        threadNumber.pointee.store(Int32(truncatingIfNeeded: linux_thread_number()), ordering: .relaxed)
        linux_watch_thread(base)
    }

    /// The calling thread is about to end.
    func end() {
        linux_unwatch_thread()
        running.pointee.end()
        threadNumber.pointee.store(0, ordering: .relaxed)
    }
}
