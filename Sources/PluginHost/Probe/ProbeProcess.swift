import CLinux
import FoundationEssentials
import Glibc

/// The child of a probe: this program once more, in a process group of its own.
struct ProbeProcess {
    let child: pid_t
    /// What the child says comes out here.
    let output: Int32

    /// - Parameter input: what the child reads from its standard input.
    init(executable: String, arguments: [String], input: Data) throws(ProbeFailure) {
        let request = linux_memory_file("martlet-probe")
        guard request >= 0 else { throw .failed("cannot be probed: memfd_create: \(errorText())") }
        defer { close(request) }
        let written = input.withUnsafeBytes { write(request, $0.baseAddress, $0.count) }
        guard written == input.count, lseek(request, 0, SEEK_SET) == 0 else {
            throw .failed("cannot be probed: \(errorText())")
        }
        var ends: [Int32] = [-1, -1]
        guard linux_pipe(&ends) == 0 else { throw .failed("cannot be probed: pipe: \(errorText())") }
        child = Self.spawn(executable, arguments, input: request, output: ends[1])
        let failure = errorText()
        close(ends[1])
        guard child > 0 else {
            close(ends[0])
            throw .failed("cannot be probed: \(executable): \(failure)")
        }
        output = ends[0]
    }

    private static func spawn(_ executable: String, _ words: [String], input: Int32, output: Int32) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        // In this order: the input may have the number that the output is to get.
        posix_spawn_file_actions_adddup2(&actions, input, 0)
        posix_spawn_file_actions_adddup2(&actions, output, ProbeChild.descriptor)
        for descriptor in 1...2 as ClosedRange<Int32> {
            posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0)
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // The server blocks the signals that it reads from a descriptor; the child must not.
        var none = sigset_t()
        sigemptyset(&none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP))
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        var environment = environment()
        defer { for text in arguments + environment { free(text) } }
        var child = pid_t()
        let result = posix_spawn(&child, executable, &actions, &attributes, &arguments, &environment)
        if result != 0 { errno = result }
        return result == 0 ? child : -1
    }

    /// Ours, but the Swift runtime of the child does not spend a second on a backtrace that nobody sees.
    private static func environment() -> [UnsafeMutablePointer<CChar>?] {
        var texts: [UnsafeMutablePointer<CChar>?] = [strdup("SWIFT_BACKTRACE=enable=no")]
        var next = environ
        while let entry = next.pointee {
            if strncmp(entry, "SWIFT_BACKTRACE=", 16) != 0 { texts.append(strdup(entry)) }
            next += 1
        }
        return texts + [nil]
    }

    /// Kills what is left of it, and of what the plugin has started in its group.
    func kill() { _ = Glibc.kill(-child, SIGKILL) }

    /// Waits for the child. Returns its status as of waitpid(2).
    func wait() -> Int32 {
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        close(output)
        return status
    }
}
