import Glibc
import HostInterface

/// The session of this process, which a host has to itself: its threads, and the processes that its plugins have started. setsid(2)
enum OwnSession {
    /// Processes and threads, as RLIMIT_NPROC counts them. proc_pid_stat(5)
    static var taskCount: UInt64 {
        guard let folder = opendir("/proc") else { return 0 }
        defer { closedir(folder) }
        let session = getsid(0)
        var count: UInt64 = 0
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard let process = Int32(name), let stat = ProcessFile.text(process, "stat"),
                let end = stat.lastIndex(of: ")")
            else { continue }
            // The fields after the name, from `state`, which is the third of the line.
            let fields = stat[stat.index(after: end)...].split(separator: " ")
            guard fields.count > 17, Int32(fields[3]) == session, let threads = UInt64(fields[17]) else { continue }
            count += threads
        }
        return count
    }
}
