import Glibc

/// Files of a process: proc(5).
package enum ProcessFile {
    /// Up to 4,096 bytes of such a file as `stat`; nil: there is no such process, or it may not be read.
    package static func text(_ pid: Int32, _ name: String) -> String? {
        let descriptor = open("/proc/\(pid)/\(name)", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 4_096)
        let count = read(descriptor, &bytes, bytes.count)
        return count > 0 ? String(decoding: bytes.prefix(count), as: UTF8.self) : nil
    }

    /// The fields of `stat` after the name: from `state`, which proc_pid_stat(5) calls the third, to at least `rss`. nil: there is no such
    /// process.
    package static func stat(_ pid: Int32) -> [Substring]? {
        guard let line = text(pid, "stat"), let end = line.lastIndex(of: ")") else { return nil }
        let fields = line[line.index(after: end)...].split(separator: " ")
        return fields.count > 21 ? fields : nil
    }
}
