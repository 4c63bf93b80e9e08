import CLinux

/// What a start and each reload leave behind, given back once the server is idle. On the watchdog's thread.
extension Server {
    /// Code that only a start or a reload runs is unmapped (it stays in the page cache), and free memory goes back to the kernel.
    func releaseMemory() {
        guard untidiedReloads.exchange(0, ordering: .relaxed) > 0 else { return }
        linux_release_memory()
    }
}
