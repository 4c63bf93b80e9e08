import CLinux
import Glibc

/// The signals that steer a server, read from a descriptor: signalfd(2).
package struct SignalDescriptor: Sendable {
    package enum Request: Sendable { case reload, stop }

    private let descriptor: Int32

    /// Blocks the signals in this thread and in all that it starts. To be called before any thread is started.
    package init() throws(StartProblem) {
        signal(SIGPIPE, SIG_IGN)
        var signals = sigset_t()
        sigemptyset(&signals)
        for number in [SIGHUP, SIGTERM, SIGINT] { sigaddset(&signals, number) }
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        descriptor = linux_signal_descriptor(&signals)
        guard descriptor >= 0 else { throw StartProblem(lines: ["signalfd: \(text(errno))"]) }
    }

    /// Waits for the next signal.
    func wait() -> Request {
        while true {
            if let request = next(withinMilliseconds: -1) { return request }
        }
    }

    /// The next signal, if there is one within this time.
    func next(withinMilliseconds timeout: Int32) -> Request? {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&entry, 1, timeout) > 0 else { return nil }
        // signalfd_siginfo is 128 bytes and begins with the number of the signal.
        var number: UInt32 = 0
        let count = withUnsafeTemporaryAllocation(byteCount: 128, alignment: 8) { buffer in
            let count = read(descriptor, buffer.baseAddress, 128)
            if count == 128 { number = buffer.load(as: UInt32.self) }
            return count
        }
        guard count == 128 else { return nil }
        return Int32(number) == SIGHUP ? .reload : .stop
    }
}
