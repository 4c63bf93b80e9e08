import Glibc

/// Information about processes from /proc: proc(5).
enum Processes {
    /// The ids of the processes with this name (at most 15 bytes).
    static func named(_ name: String) -> [pid_t] {
        Files.names(in: "/proc").compactMap { pid_t($0) }.filter {
            (try? Files.text("/proc/\($0)/comm"))?.hasPrefix(name + "\n") == true
        }
    }

    /// Processor time used, in seconds.
    static func processorSeconds(of pid: pid_t) throws -> Double {
        let text = try Files.text("/proc/\(pid)/stat")
        // The name is in parentheses and may contain anything. utime and stime are the 12th and 13th fields after it.
        guard let end = text.lastIndex(of: ")") else { throw Failure("cannot read /proc/\(pid)/stat") }
        let fields = text[end...].split(separator: " ")
        guard fields.count > 13, let user = Double(fields[12]), let system = Double(fields[13]) else {
            throw Failure("cannot read /proc/\(pid)/stat")
        }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// The ids of the processes that have mapped a file whose path contains this text.
    static func mapping(_ text: String) -> [pid_t] {
        Files.names(in: "/proc").compactMap { pid_t($0) }.filter { (try? maps($0, text)) == true }
    }

    /// Whether a process has mapped a file whose path contains this text.
    static func maps(_ pid: pid_t, _ text: String) throws -> Bool {
        try Files.text("/proc/\(pid)/maps").contains(text)
    }
}
