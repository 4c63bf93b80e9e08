import CLinux
import FoundationEssentials
import Glibc

/// Loads an image in a child process first, under limits on time and memory.
package struct ImageProbe: Sendable {
    /// The program to execute again: this one.
    package var executable: String
    /// Wall-clock time that the child may take.
    package var timeoutMilliseconds: Int
    /// Address space of the child in bytes; 0 means no limit.
    package var memoryLimit: UInt64

    package init(executable: String = "/proc/self/exe", timeoutMilliseconds: Int = 5_000, memoryLimit: UInt64 = 1 << 30)
    {
        self.executable = executable
        self.timeoutMilliseconds = timeoutMilliseconds
        self.memoryLimit = memoryLimit
    }

    /// What the plugin in a staged image says of itself.
    ///
    /// - Parameter file: how to name it in a refusal.
    package func run(_ image: StagedImage, file: String) throws(ImageRefusal) -> PluginDescription {
        var ends: [Int32] = [-1, -1]
        guard linux_pipe(&ends) == 0 else { throw ImageRefusal(file, "cannot be probed: pipe: \(errorText())") }
        defer { close(ends[0]) }
        let child = spawn(image.path, pipe: ends[1])
        close(ends[1])
        guard child > 0 else { throw ImageRefusal(file, "cannot be probed: \(executable): \(errorText())") }
        let output = ProbeOutput(reading: ends[0], timeoutMilliseconds: timeoutMilliseconds)
        // The whole group: a library may have left processes behind. Always, and before the wait: a child that has closed
        // the pipe, or fills it, may not have ended. One that has keeps its status.
        kill(-child, SIGKILL)
        let status = wait(for: child)
        switch output.verdict {
        case .accepted(let description): return description
        case .refused(let reason): throw ImageRefusal(file, reason)
        case nil: throw ImageRefusal(file, reason(output, status))
        }
    }

    private func reason(_ output: ProbeOutput, _ status: Int32) -> String {
        let phrase = output.step.phrase
        if output.timedOut { return "did not return within \(Double(timeoutMilliseconds) / 1_000) s \(phrase)" }
        let signal = linux_term_signal(status)
        if signal == 0 { return "ended the process with status \(linux_exit_code(status)) \(phrase)" }
        if signal == SIGXCPU { return "used up its processor time \(phrase)" }
        return "crashed (\(signalName(signal))) \(phrase)"
    }

    private func spawn(_ path: String, pipe: Int32) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for descriptor in 0...2 as ClosedRange<Int32> {
            posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0)
        }
        posix_spawn_file_actions_adddup2(&actions, pipe, ProbeChild.descriptor)
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
        let words = [
            "martlet", "probe-image", path, "--memory", String(memoryLimit), "--seconds",
            String((timeoutMilliseconds + 999) / 1_000),
        ]
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var child = pid_t()
        let result = posix_spawn(&child, executable, &actions, &attributes, &arguments, environ)
        if result != 0 { errno = result }
        return result == 0 ? child : -1
    }

    private func wait(for child: pid_t) -> Int32 {
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        return status
    }
}

/// What the child wrote, read until it says its verdict, ends, or takes too long.
private struct ProbeOutput {
    enum Verdict {
        case accepted(PluginDescription)
        case refused(String)
    }

    private static let sizeLimit = 4 << 20
    var step = ProbeStep.starting
    var verdict: Verdict?
    var timedOut = false

    init(reading descriptor: Int32, timeoutMilliseconds: Int) {
        let deadline = milliseconds() + timeoutMilliseconds
        var pending: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while verdict == nil, pending.count < Self.sizeLimit {
            var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let left = deadline - milliseconds()
            guard left > 0 else {
                timedOut = true
                return
            }
            let ready = poll(&entry, 1, Int32(left))
            if ready <= 0 { continue }
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else { return }
            pending += buffer[..<count]
            while verdict == nil, let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
                take(String(decoding: pending[..<end], as: UTF8.self))
                pending.removeSubrange(...end)
            }
        }
    }

    private mutating func take(_ line: String) {
        let parts = line.split(separator: " ", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { return }
        switch parts[0] {
        case "step": step = ProbeStep(rawValue: parts[1]) ?? step
        case "refused": verdict = .refused(parts[1])
        case "accepted":
            let description = try? JSONDecoder().decode(PluginDescription.self, from: Data(parts[1].utf8))
            verdict = description.map { .accepted($0) } ?? .refused("its description cannot be read")
        default: break
        }
    }
}

private func milliseconds() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec * 1_000 + time.tv_nsec / 1_000_000
}

private func signalName(_ signal: Int32) -> String {
    let names: [Int32: String] = [
        SIGSEGV: "SIGSEGV", SIGABRT: "SIGABRT", SIGILL: "SIGILL", SIGTRAP: "SIGTRAP", SIGBUS: "SIGBUS",
        SIGFPE: "SIGFPE", SIGKILL: "SIGKILL", SIGSYS: "SIGSYS",
    ]
    return names[signal] ?? "signal \(signal)"
}
