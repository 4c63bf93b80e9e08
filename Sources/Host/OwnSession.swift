import Glibc
import HostInterface

/// The session of this process, which a host has to itself: its threads, and the processes that its plugins have started. setsid(2)
enum OwnSession {
    /// Processes and threads, as RLIMIT_NPROC counts them.
    static var taskCount: UInt64 {
        let session = getsid(0)
        return FolderNames.all(in: "/proc").reduce(0) { count, name in
            guard let stat = Int32(name).flatMap(ProcessFile.stat), Int32(stat[3]) == session else { return count }
            return count + (UInt64(stat[17]) ?? 0)
        }
    }
}
