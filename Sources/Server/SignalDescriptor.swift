import CLinux
import Glibc

/// The signals of a server, read from a descriptor: signalfd(2). These are the signals that control the server, and all others
/// that have no meaning here but would otherwise terminate the process.
package struct SignalDescriptor: Sendable {
    package enum Request: Sendable {
        case reload, stop
        /// SIGUSR1, as logrotate sends it.
        case reopenLog(Unexpected)
        case unexpected(Unexpected)
    }

    package struct Unexpected: Sendable {
        let number: Int32
        /// 0 when the kernel sent it, or a timer of this process.
        let sender: pid_t
    }

    private let descriptor: Int32

    private static let steering = [SIGHUP, SIGTERM, SIGINT, SIGUSR1]
    private static let meaningless =
        [SIGUSR2, SIGALRM, SIGVTALRM, SIGIO, SIGPWR, SIGSTKFLT]
        + Array(__libc_current_sigrtmin()...__libc_current_sigrtmax())

    /// Blocks the signals in this thread and in all threads that it starts. Call this before any thread is started.
    package init() throws(StartProblem) {
        // A write to a peer that is gone, or to a log file at its size limit, then returns an error.
        signal(SIGPIPE, SIG_IGN)
        signal(SIGXFSZ, SIG_IGN)
        // Not blocked: Swift's crash handler uses it to stop the other threads, and loses a second when it cannot.
        signal(SIGPROF, SIG_IGN)
        var signals = sigset_t()
        sigemptyset(&signals)
        for number in Self.steering + Self.meaningless { sigaddset(&signals, number) }
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        descriptor = linux_signal_descriptor(&signals)
        guard descriptor >= 0 else { throw StartProblem(lines: ["signalfd: \(text(errno))"]) }
    }

    /// The next signal, if there is one within this time. Accepts peers of these services meanwhile.
    ///
    /// - Parameter timeout: -1 waits without end.
    /// - Returns: nil: the time is over, or a peer was accepted.
    func next(withinMilliseconds timeout: Int32, accepting services: [SocketService]) -> Request? {
        var entries = ([descriptor] + services.map(\.descriptor)).map {
            pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
        }
        guard poll(&entries, nfds_t(entries.count), timeout) > 0 else { return nil }
        for (entry, service) in zip(entries.dropFirst(), services) where entry.revents != 0 { service.accept() }
        guard entries[0].revents != 0 else { return nil }
        // signalfd_siginfo is 128 bytes. The number of the signal is at offset 0, the sender's process at 12.
        var (number, sender) = (UInt32(0), pid_t(0))
        let count = withUnsafeTemporaryAllocation(byteCount: 128, alignment: 8) { buffer in
            let count = read(descriptor, buffer.baseAddress, 128)
            if count == 128 {
                number = buffer.load(as: UInt32.self)
                sender = buffer.load(fromByteOffset: 12, as: pid_t.self)
            }
            return count
        }
        guard count == 128 else { return nil }
        let unexpected = Unexpected(number: Int32(number), sender: sender)
        switch unexpected.number {
        case SIGHUP: return .reload
        case SIGTERM, SIGINT: return .stop
        case SIGUSR1: return .reopenLog(unexpected)
        default: return .unexpected(unexpected)
        }
    }
}
