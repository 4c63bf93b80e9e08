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

    /// What the kernel says of a process. It is not asked.
    package init(_ process: Int32, logLinesDropped: UInt64) {
        pid = process
        let pages = ProcessFile.text(process, "statm")?.split(separator: " ").dropFirst().first.flatMap { UInt64($0) }
        residentBytes = (pages ?? 0) * UInt64(sysconf(Int32(_SC_PAGESIZE)))
        fileDescriptors = OpenDescriptors.count(of: process)
        fileDescriptorLimit = linux_descriptor_limit(process)
        self.logLinesDropped = logLinesDropped
    }
}

/// The open descriptors of a process.
package enum OpenDescriptors {
    private static let counted = RarelyCounted(everyNanoseconds: 15_000_000_000)

    package static func count(of process: Int32) -> Int {
        let told = Int(linux_open_descriptors(process))
        return told >= 0 ? told : counted.value(of: process) { listed(of: process) }
    }

    /// For kernels that do not report the count. Takes milliseconds with many connections.
    private static func listed(of process: Int32) -> Int {
        let count = FolderNames.all(in: "/proc/\(process)/fd").count
        // This process has opened the folder to list it.
        return process == getpid() ? max(count - 1, 0) : count
    }
}

/// A number of a process that is expensive to compute, and is kept for a while.
package final class RarelyCounted: Sendable {
    private struct Count {
        var value: Int
        var due: UInt64
    }

    private let interval: UInt64
    private let counts = Mutex<[Int32: Count]>([:])

    package init(everyNanoseconds interval: UInt64) { self.interval = interval }

    package func value(of process: Int32, _ count: () -> Int) -> Int {
        counts.withLock { counts in
            let now = readMonotonicClock()
            if let known = counts[process], now < known.due { return known.value }
            counts = counts.filter { now < $0.value.due }
            let value = count()
            counts[process] = Count(value: value, due: now + interval)
            return value
        }
    }
}
