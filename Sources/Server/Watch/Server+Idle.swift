import CLinux

/// Returns the memory that a start or a reload needed. On the watchdog's thread.
extension Server {
    /// Called when the server is idle. Unmaps code, most of which only a start or a reload runs (it stays in the page cache), and
    /// returns the free memory of the heap to the kernel.
    func releaseMemory() {
        guard hasReloaded.exchange(false, ordering: .relaxed) else { return }
        linux_release_memory()
    }
}
