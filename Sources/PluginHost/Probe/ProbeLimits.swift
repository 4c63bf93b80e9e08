import CLinux
import Glibc

/// The limits of the probe's child.
struct ProbeLimits {
    /// Address space in bytes; 0: no limit.
    let memory: UInt64
    /// Wall-clock time that the parent allows, in seconds.
    let seconds: UInt64

    /// More than a plugin needs for its own threads, and far less than a fork bomb.
    private static let processes: UInt64 = 256

    /// Applies the limits in the child, before any code of the plugin runs. Returns whether the child is cut off from the network.
    func apply() -> Bool {
        var isLimited: Int32 = 0
        let isIsolated = linux_leave_network(&isLimited) == 0
        // Outside of a user namespace the limit counts all processes of the user, and it does not limit root.
        if isLimited != 0 { limit(__rlimit_resource_t(__RLIMIT_NPROC.rawValue), Self.processes) }
        limit(__rlimit_resource_t(RLIMIT_CORE.rawValue), 0)
        limit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), 0)
        limit(__rlimit_resource_t(RLIMIT_CPU.rawValue), seconds + 1)
        if memory > 0 { limit(__rlimit_resource_t(RLIMIT_AS.rawValue), memory) }
        // Ignores SIGPIPE, as in the server, and catches SIGXFSZ: a write to a file then fails with EFBIG, which a plugin can
        // handle, instead of killing the child.
        signal(SIGPIPE, SIG_IGN)
        linux_watch_file_size()
        return isIsolated
    }

    private func limit(_ resource: __rlimit_resource_t, _ value: UInt64) {
        var limit = rlimit(rlim_cur: rlim_t(value), rlim_max: rlim_t(value))
        setrlimit(resource, &limit)
    }
}
