import CLinux
import Synchronization

/// Returns the memory that a start or a reload needed, once.
package struct UsedMemory: ~Copyable {
    private let isNoted = Atomic<Bool>(false)

    package init() {}

    /// Memory is needed now.
    package func note() { isNoted.store(true, ordering: .relaxed) }

    /// Unmaps code, most of which only a start or a reload runs (it stays in the page cache), and returns the free memory of the heap to
    /// the kernel.
    package func release() { if isNoted.exchange(false, ordering: .relaxed) { linux_release_memory() } }
}
