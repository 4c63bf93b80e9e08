import Glibc

/// Information about processes from /proc: proc(5).
enum Processes {
    /// The ids of the processes with this name (at most 15 bytes).
    static func named(_ name: String) -> [pid_t] {
        Files.names(in: "/proc").compactMap { pid_t($0) }.filter {
            (try? Files.text("/proc/\($0)/comm"))?.hasPrefix(name + "\n") == true
        }
    }

    /// nil: there is no such process.
    static func parent(of pid: pid_t) -> pid_t? {
        guard let text = try? Files.text("/proc/\(pid)/stat"), let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[end...].split(separator: " ")
        return fields.count > 2 ? pid_t(fields[2]) : nil
    }

    static func isZombie(_ pid: pid_t) -> Bool {
        guard let text = try? Files.text("/proc/\(pid)/stat"), let end = text.lastIndex(of: ")") else { return false }
        return text[end...].split(separator: " ").dropFirst().first == "Z"
    }

    /// What a symbolic link says: readlink(2). Empty: there is none.
    static func link(_ path: String) -> String {
        var bytes = [UInt8](repeating: 0, count: 4_096)
        let count = bytes.withUnsafeMutableBytes { readlink(path, $0.baseAddress!, $0.count) }
        return String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self)
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
