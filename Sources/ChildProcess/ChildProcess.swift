import CLinux
import Glibc

/// Runs this program, or another, as a child, for work that may crash the process that does it. The child has its own process
/// group, reads its standard input to the end and answers on descriptor 3.
package struct ChildProcess: Sendable {
    package static let answerDescriptor: Int32 = 3

    package struct Problem: Error, Sendable {
        package var text: String
    }

    private let child: pid_t
    /// The child's answer can be read here.
    package let output: Int32

    /// memfd_create(2), pipe2(2), posix_spawn(3).
    ///
    /// - Parameter input: the child's standard input, which is a file in memory.
    package init(executable: String, arguments: [String], input: [UInt8]) throws(Problem) {
        let request = linux_memory_file("martlet-child")
        guard request >= 0 else { throw Problem(text: "memfd_create: \(errorText(errno))") }
        defer { close(request) }
        let written = input.withUnsafeBytes { write(request, $0.baseAddress, $0.count) }
        guard written == input.count, lseek(request, 0, SEEK_SET) == 0 else { throw Problem(text: errorText(errno)) }
        var ends: [Int32] = [-1, -1]
        guard linux_pipe(&ends) == 0 else { throw Problem(text: "pipe: \(errorText(errno))") }
        // In this order, because the input may have the number that the output gets.
        child = spawn(
            executable, arguments, descriptors: [(request, 0), (ends[1], Self.answerDescriptor)], isQuiet: true)
        let failure = errorText(errno)
        close(ends[1])
        guard child > 0 else {
            close(ends[0])
            throw Problem(text: "\(executable): \(failure)")
        }
        output = ends[0]
    }

    /// Kills the child, and the processes that it has started in its group.
    package func kill() { _ = Glibc.kill(-child, SIGKILL) }

    /// Waits for the child, and closes `output`. Call this once.
    package func wait() -> Ending {
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        close(output)
        return Ending(status: status)
    }

    package struct Ending: Sendable {
        /// 0 when no signal killed the child.
        package var signal: Int32
        package var status: Int32

        /// - Parameter status: as waitpid(2) gives it.
        package init(status: Int32) {
            signal = linux_term_signal(status)
            self.status = linux_exit_code(status)
        }

        /// "SIGSEGV" or "exit status 1"
        package var text: String { signal != 0 ? signalName : "exit status \(status)" }

        /// `SIGSEGV`
        package var signalName: String {
            let names: [Int32: String] = [
                SIGSEGV: "SIGSEGV", SIGABRT: "SIGABRT", SIGILL: "SIGILL", SIGTRAP: "SIGTRAP", SIGBUS: "SIGBUS",
                SIGFPE: "SIGFPE", SIGKILL: "SIGKILL", SIGSYS: "SIGSYS", SIGTERM: "SIGTERM", SIGXCPU: "SIGXCPU",
            ]
            return names[signal] ?? "signal \(signal)"
        }
    }
}

/// Starts a program: posix_spawn(3). It inherits the standard descriptors, no blocked or ignored signals, and a process group of its own.
///
/// - Parameters:
///   - descriptors: these of ours get these numbers there, one after the other.
///   - isQuiet: its standard output and error are /dev/null.
///   - isSession: it also gets a session of its own, and /dev/null as its standard input.
/// - Returns: its process id; -1 with errno.
package func spawn(
    _ executable: String, _ words: [String], descriptors: [(ours: Int32, theirs: Int32)], isQuiet: Bool = false,
    isSession: Bool = false
) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (ours, theirs) in descriptors { posix_spawn_file_actions_adddup2(&actions, ours, theirs) }
    for descriptor in (isQuiet ? [1, 2] : []) + (isSession ? [0] : []) as [Int32] {
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
    // POSIX_SPAWN_SETSID of <spawn.h>; a session begins with a process group.
    let group = isSession ? 0x80 : POSIX_SPAWN_SETPGROUP
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | group))
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    var environment = environment()
    defer { for text in arguments + environment { free(text) } }
    var child = pid_t()
    let result = posix_spawn(&child, executable, &actions, &attributes, &arguments, &environment)
    if result != 0 { errno = result }
    return result == 0 ? child : -1
}

/// Our environment, but without Swift's backtraces: the child would spend a second on one that nobody sees.
private func environment() -> [UnsafeMutablePointer<CChar>?] {
    var texts: [UnsafeMutablePointer<CChar>?] = [strdup("SWIFT_BACKTRACE=enable=no")]
    var next = environ
    while let entry = next.pointee {
        if strncmp(entry, "SWIFT_BACKTRACE=", 16) != 0 { texts.append(strdup(entry)) }
        next += 1
    }
    return texts + [nil]
}

private func errorText(_ error: Int32) -> String { String(cString: strerror(error)) }
