import CLinux
import Engine
import FoundationEssentials
import Glibc
import Synchronization

/// The Unix socket on which a running server answers its command line. Only its own user and root may ask.
final class ControlSocket: Sendable {
    private static let concurrentLimit = 16
    private static let lineLimit = 64 << 10

    private let group: ListeningSocketGroup
    private let wake: [Int32]
    private let thread = Mutex<NamedThread?>(nil)
    private let busy = Atomic<Int>(0)

    init(path: String) throws(SystemError) {
        group = try ListeningSocketGroup.open(
            .unix(path: path),
            options: ListeningSocketOptions(
                backlog: 64, noDelay: false, keepAlive: false, keepAliveIdleSeconds: 0, keepAliveIntervalSeconds: 0,
                keepAliveCount: 0, receiveBuffer: 0, sendBuffer: 0, unixMode: 0o600),
            count: 1, exclusive: true)
        var ends: [Int32] = [-1, -1]
        guard linux_pipe(&ends) == 0 else { throw SystemError("pipe") }
        wake = ends
    }

    /// Answers questions on threads of its own until `stop`.
    func serve(_ answer: @escaping @Sendable (ControlQuestion) -> ControlAnswer) {
        let thread = try? NamedThread(name: "admin") { [self] in acceptAll(answer) }
        self.thread.withLock { $0 = thread }
    }

    func stop() {
        close(wake[1])
        thread.withLock { $0 }?.join()
        group.closeAll()
        close(wake[0])
    }

    private func acceptAll(_ answer: @escaping @Sendable (ControlQuestion) -> ControlAnswer) {
        while true {
            var entries = [
                pollfd(fd: group.descriptors[0], events: Int16(POLLIN), revents: 0),
                pollfd(fd: wake[0], events: Int16(POLLIN), revents: 0),
            ]
            guard poll(&entries, 2, -1) > 0 else { continue }
            if entries[1].revents != 0 { return }
            let connection = accept(group.descriptors[0], nil, nil)
            guard connection >= 0 else {
                // Without descriptors the question stays in the accept queue: do not spin on it.
                if errno != EINTR, errno != EAGAIN { poll(nil, 0, 100) }
                continue
            }
            _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
            guard busy.wrappingAdd(1, ordering: .relaxed).newValue <= Self.concurrentLimit else {
                finish(connection)
                continue
            }
            guard
                let helper = try? NamedThread(
                    name: "admin",
                    { [self] in
                        converse(connection, answer)
                        finish(connection)
                    })
            else {
                finish(connection)
                continue
            }
            helper.detach()
        }
    }

    private func finish(_ connection: Int32) {
        close(connection)
        busy.wrappingSubtract(1, ordering: .relaxed)
    }

    private func converse(_ connection: Int32, _ answer: (ControlQuestion) -> ControlAnswer) {
        var user = uid_t()
        var process = pid_t()
        guard linux_peer_credentials(connection, &user, &process) == 0, user == geteuid() || user == 0 else { return }
        var timeout = timeval(tv_sec: 5, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &timeout, size)
        setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &timeout, size)
        guard let line = readLine(connection, limit: Self.lineLimit) else { return }
        var reply = ControlAnswer()
        if let question = try? JSONDecoder().decode(ControlQuestion.self, from: Data(line)) {
            reply = answer(question)
        } else {
            reply.error = "this server does not know the request; is the command line of another version?"
        }
        guard var bytes = try? JSONEncoder().encode(reply) else { return }
        bytes.append(UInt8(ascii: "\n"))
        writeAll(connection, Array(bytes))
    }
}

/// The bytes up to the first newline; nil when the peer closes or dallies before it, or sends more than the limit.
func readLine(_ descriptor: Int32, limit: Int) -> [UInt8]? {
    var line: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16 << 10)
    while line.count < limit {
        let count = read(descriptor, &buffer, buffer.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return nil }
        line += buffer[..<count]
        if let end = buffer[..<count].firstIndex(of: UInt8(ascii: "\n")) {
            return Array(line.dropLast(count - end))
        }
    }
    return nil
}

@discardableResult
func writeAll(_ descriptor: Int32, _ bytes: [UInt8]) -> Bool {
    var written = 0
    while written < bytes.count {
        let count = bytes.withUnsafeBytes {
            send(descriptor, $0.baseAddress! + written, bytes.count - written, Int32(MSG_NOSIGNAL))
        }
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return false }
        written += count
    }
    return true
}
