import CLinux
import ChildProcess
import Glibc
import HostLink
import Threads

/// The process of a host: started here, watched through a descriptor (pidfd_open(2)), and reaped once.
package final class HostProcess: Sendable {
    /// The word of the command line that makes this program a host.
    package static let command = "host"
    /// The descriptor on which a host finds its channel.
    static let channelDescriptor: Int32 = 3

    let pid: pid_t
    let channel: Channel
    private let ending = Reply<Ending>()

    typealias Ending = ChildProcess.Ending

    /// Starts it. It waits for the call with which a runtime begins.
    package init(executable: String) throws(HostProblem) {
        do {
            let (mine, theirs) = try Channel.sockets()
            pid = spawn(
                executable, ["martlet", Self.command], descriptors: [(theirs, Self.channelDescriptor)], isSession: true)
            let failure = SystemError("posix_spawn", executable)
            close(theirs)
            guard pid > 0 else {
                close(mine)
                throw failure
            }
            let descriptor = linux_process_descriptor(pid)
            channel = Channel(socket: mine, process: descriptor)
        } catch {
            throw HostProblem(text: "cannot start a host: \(error)")
        }
    }

    /// While it has not been reaped, its id belongs to no other process.
    func signal(_ number: Int32) {
        if ending.current == nil { kill(pid, number) }
    }

    /// Waits for its end and reaps it. Called once, by the thread that has received all that it has sent.
    func wait() -> Ending {
        // It may have closed the channel and go on.
        let patience = Deadline.after(milliseconds: Self.endMilliseconds)
        while linux_child_has_ended(pid) == 0, !patience.isOver { poll(nil, 0, 1) }
        if linux_child_has_ended(pid) == 0 { kill(pid, SIGKILL) }
        while linux_child_has_ended(pid) == 0 { poll(nil, 0, 1) }
        // Processes that its plugins have started have descriptors of peers, or start ever more. Until the host is reaped, the number of
        // its group belongs to no other.
        kill(-pid, SIGKILL)
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        // They count against the limits of the user until they are gone, and the next host needs threads. The first process of a container
        // is their parent now.
        let end = Deadline.after(milliseconds: Self.groupMilliseconds)
        while kill(-pid, 0) == 0, !end.isOver {
            waitpid(-pid, nil, WNOHANG)
            poll(nil, 0, 1)
        }
        let found = Ending(status: status)
        ending.set(found)
        return found
    }

    /// Waits until it has been reaped. False: it still runs.
    func waitForEnd() -> Bool { ending.wait(until: .after(milliseconds: 2 * Self.endMilliseconds)) != nil }

    /// How long a process may take to end once its channel has.
    private static let endMilliseconds: UInt64 = 5_000
    /// How long the processes that its plugins have started may take to end.
    private static let groupMilliseconds: UInt64 = 1_000
}

/// Why a host could not be started.
package struct HostProblem: Error, Sendable, CustomStringConvertible {
    package let text: String
    package var description: String { text }
}
