import Glibc

/// A child process whose output goes to files. It is killed and reaped when the object is destroyed.
final class Subprocess {
    struct Result {
        /// The exit status as a shell reports it: 128 plus the signal's number if a signal killed the process.
        var status: Int32
        var output: String
        var errors: String
    }

    let pid: pid_t
    private let folder: TemporaryFolder
    private var status: Int32?
    /// The writing end of the child's standard input. Some children exit when it is closed.
    private var input: Int32

    /// - Parameter executable: a path, or a name to look up in PATH.
    init(_ executable: String, _ arguments: [String]) throws {
        folder = try TemporaryFolder()
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw Failure.system("socketpair")
        }
        input = ends[1]
        defer { close(ends[0]) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[0], 0)
        for (descriptor, name) in [(Int32(1), "output"), (2, "errors")] {
            posix_spawn_file_actions_addopen(
                &actions, descriptor, "\(folder.path)/\(name)", O_WRONLY | O_CREAT | O_APPEND, 0o600)
        }
        var words: [UnsafeMutablePointer<CChar>?] = ([executable] + arguments).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var child = pid_t()
        // Swift's threads, on which tests run, block SIGINT and others, and a child would inherit that.
        var (attributes, none) = (posix_spawnattr_t(), sigset_t())
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        let result = posix_spawnp(&child, executable, &actions, &attributes, &words, environ)
        guard result == 0 else {
            close(ends[1])
            throw Failure.system("start \(executable)", code: result)
        }
        pid = child
        Janitor.started(pid)
    }

    var output: String { (try? Files.text(folder.path + "/output")) ?? "" }
    var errors: String { (try? Files.text(folder.path + "/errors")) ?? "" }
    var isRunning: Bool { exitStatus == nil }

    /// nil while it runs.
    var exitStatus: Int32? {
        if let status { return status }
        var raw: Int32 = 0
        guard waitpid(pid, &raw, WNOHANG) == pid else { return nil }
        Janitor.ended(pid)
        status = raw & 0x7F == 0 ? raw >> 8 & 0xFF : 128 + (raw & 0x7F)
        return status
    }

    func signal(_ number: Int32) {
        if isRunning { kill(pid, number) }
    }

    func closeInput() {
        if input >= 0 { close(input) }
        input = -1
    }

    /// Waits until the process exits.
    @discardableResult
    func wait(within limit: Duration = .seconds(60)) throws -> Result {
        try waitUntil("process \(pid) ended", within: limit) { exitStatus != nil }
        return Result(status: exitStatus ?? -1, output: output, errors: errors)
    }

    /// Runs a program until it exits.
    static func run(_ executable: String, _ arguments: [String]) throws -> Result {
        let process = try Subprocess(executable, arguments)
        process.closeInput()
        return try process.wait()
    }

    /// The processes that it has started: proc_pid_task_children(5).
    private var children: [pid_t] {
        Files.names(in: "/proc/\(pid)/task").flatMap { thread in
            let text = (try? Files.text("/proc/\(pid)/task/\(thread)/children")) ?? ""
            return text.split(separator: " ").compactMap { pid_t($0) }
        }
    }

    deinit {
        closeInput()
        guard isRunning else { return }
        // The hosts of a server may outlive it.
        let children = children
        defer { for child in children { kill(child, SIGKILL) } }
        kill(pid, SIGKILL)
        var raw: Int32 = 0
        while waitpid(pid, &raw, 0) < 0, errno == EINTR {}
        Janitor.ended(pid)
    }
}
