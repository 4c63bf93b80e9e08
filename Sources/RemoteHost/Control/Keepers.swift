import CLinux
import Glibc
import HostLink
import Synchronization
import Threads

/// The keepers of a host: two processes that keep its descriptors open when it dies. They are children of this process, and end when the last
/// duplicate of this end of their socket is closed.
final class Keepers: Sendable {
    /// Our end.
    let socket: Int32
    /// The end that the host gets.
    let other: Int32
    private let host: pid_t
    private let processes = Mutex<Set<pid_t>>([])
    private let hasEnded = Atomic<Bool>(false)
    /// One has said that it is there.
    private let hasMet = Atomic<Bool>(false)

    private static let endMilliseconds: UInt64 = 1_000

    /// - Parameter host: another process at the other end, which is no keeper, whatever its plugins send.
    init(of host: pid_t) throws(SystemError) {
        self.host = host
        (socket, other) = try Channel.sockets()
        guard linux_learn_senders(socket) == 0 else {
            let problem = SystemError("setsockopt", "SO_PASSCRED")
            close(socket)
            close(other)
            throw problem
        }
    }

    /// The host has its end.
    func closeOther() { close(other) }

    /// Learns which processes they are, and reaps those that have died. Not while a successor of the host speaks to them.
    func look() {
        guard !hasEnded.load(ordering: .relaxed) else { return }
        receive()
        reap()
    }

    private func receive() {
        var message = linux_keeper_message()
        var descriptors = [Int32](repeating: -1, count: Int(LINUX_KEEPER_BATCH))
        var sender: pid_t = 0
        while linux_receive_from_keeper(socket, &message, &descriptors, &sender) > 0 {
            // Nobody has asked for any.
            for descriptor in descriptors where descriptor >= 0 { close(descriptor) }
            descriptors = descriptors.map { _ in -1 }
            guard sender > 0, sender != host else { continue }
            hasMet.store(true, ordering: .relaxed)
            processes.withLock { _ = $0.insert(sender) }
        }
    }

    /// Those that have said that they are there, and have not been found to be gone.
    var known: [pid_t] { processes.withLock { Array($0) } }

    /// Some live. True also before the first has said so.
    var areThere: Bool { processes.withLock { !hasMet.load(ordering: .relaxed) || !$0.isEmpty } }

    /// waitpid(2). Only children of this process are reaped, whoever else has sent a message.
    private func reap() {
        processes.withLock { processes in
            processes = processes.filter { waitpid($0, nil, WNOHANG) == 0 }
        }
    }

    /// The descriptors that nobody else has are closed when this returns.
    ///
    /// - Parameter more: keepers that this side has not seen.
    func end(_ more: [pid_t] = []) {
        guard !hasEnded.exchange(true, ordering: .relaxed) else { return }
        receive()
        close(socket)
        processes.withLock { $0.formUnion(more.filter { $0 != host }) }
        let deadline = Deadline.after(milliseconds: Self.endMilliseconds)
        while !processes.withLock(\.isEmpty) {
            reap()
            if deadline.isOver { for process in processes.withLock({ $0 }) { kill(process, SIGKILL) } }
            poll(nil, 0, 1)
        }
    }
}
