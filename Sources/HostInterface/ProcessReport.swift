import CLinux
import Glibc
import Synchronization
import Threads

/// A process of the server: its memory and its descriptors.
package struct ProcessReport: Codable, Sendable {
    package var pid: Int32
    package var residentBytes: UInt64
    package var fileDescriptors: Int
    package var fileDescriptorLimit: UInt64
    package var logLinesDropped: UInt64

    /// Of this process.
    package init(logLinesDropped: UInt64) {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        pid = getpid()
        residentBytes = linux_resident_bytes()
        fileDescriptors = OpenDescriptors.count
        fileDescriptorLimit = UInt64(limit.rlim_cur)
        self.logLinesDropped = logLinesDropped
    }
}

/// The open descriptors of this process.
package enum OpenDescriptors {
    private static let counted = RarelyCounted(everyNanoseconds: 15_000_000_000)

    package static var count: Int {
        let told = Int(linux_open_descriptors())
        return told >= 0 ? told : counted.value(countInFolder)
    }

    /// For kernels that do not report the count. Takes milliseconds with many connections.
    private static func countInFolder() -> Int {
        guard let folder = opendir("/proc/self/fd") else { return 0 }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        // Do not count ".", ".." and the descriptor of this folder.
        return max(count - 3, 0)
    }
}

/// A number that is expensive to compute, and is kept for a while.
package final class RarelyCounted: Sendable {
    private struct State {
        var value = 0
        var due: UInt64 = 0
    }

    private let interval: UInt64
    private let state = Mutex(State())

    package init(everyNanoseconds interval: UInt64) { self.interval = interval }

    package func value(_ count: () -> Int) -> Int {
        state.withLock { state in
            let now = readMonotonicClock()
            if now >= state.due { state = State(value: count(), due: now + interval) }
            return state.value
        }
    }
}
