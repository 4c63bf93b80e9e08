import Configuration
import Glibc
import HostInterface
import PluginHost

/// One line of `martlet processes`. proc(5)
package struct ProcessRow: Codable, Sendable, Equatable {
    package enum Role: String, Codable, Sendable {
        /// Configuration, listening sockets, the control socket. Maps no plugin.
        case server
        /// Runs plugins.
        case host
        /// Keeps the descriptors of a host open if it dies.
        case keeper
        /// A host of an earlier server, which keeps its connections until they end.
        case earlier
    }

    package var role: Role
    /// Of a host, also for its keepers: "shared", "listener chat", "group payments". Empty for the server.
    package var name: String
    package var pid: Int32
    package var threads: Int
    package var residentBytes: UInt64
    /// Pages that it shares with others count in part: PSS. Absent where the kernel does not say.
    package var proportionalBytes: UInt64?
    package var processorSeconds: Double
    package var ageSeconds: Double
    package var fileDescriptors: Int?

    /// nil: there is no such process.
    init?(_ role: Role, _ name: String, _ pid: Int32) {
        guard let fields = ProcessFile.stat(pid), let user = Double(fields[11]), let system = Double(fields[12]),
            let threads = Int(fields[17]), let start = Double(fields[19]), let pages = UInt64(fields[21])
        else { return nil }
        let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
        var now = timespec()
        clock_gettime(CLOCK_BOOTTIME, &now)
        self.role = role
        self.name = name
        self.pid = pid
        self.threads = threads
        residentBytes = pages * UInt64(sysconf(Int32(_SC_PAGESIZE)))
        proportionalBytes = ProcessFile.text(pid, "smaps_rollup").flatMap(Self.proportional)
        processorSeconds = (user + system) / ticks
        ageSeconds = max(Double(now.tv_sec) + Double(now.tv_nsec) / 1e9 - start / ticks, 0)
        let descriptors = OpenDescriptors.count(of: pid)
        fileDescriptors = descriptors > 0 ? descriptors : nil
    }

    private static func proportional(_ rollup: String) -> UInt64? {
        let line = rollup.split(separator: "\n").first { $0.hasPrefix("Pss:") }
        return line?.split(separator: " ").dropFirst().first.flatMap { UInt64($0) }.map { $0 << 10 }
    }
}

extension Server {
    /// From any thread. Asks no process.
    var processRows: [ProcessRow] {
        [ProcessRow(.server, "", getpid())].compactMap { $0 }
            + hosts.flatMap { host in
                let runtime = host.runtime
                let own = runtime.processID.flatMap { ProcessRow(.host, host.name, $0) }
                return [own].compactMap { $0 }
                    + runtime.keepers.sorted().compactMap { ProcessRow(.keeper, host.name, $0) }
            }
            + earlierHosts.compactMap { ProcessRow(.earlier, $0.name, $0.processID) }
    }
}
