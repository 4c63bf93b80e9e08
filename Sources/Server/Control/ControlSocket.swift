import CLinux
import Engine
import FoundationEssentials
import Glibc

/// The Unix socket on which a running server answers its command line. Only its own user and root may ask.
final class ControlSocket: Sendable {
    /// More than a command line can hold: execve(2), MAX_ARG_STRLEN.
    private static let lineLimit = 1 << 20

    private let service: SocketService

    init(path: String) throws(SystemError) {
        service = try SocketService(.unix(path: path), name: "admin")
    }

    /// Answers questions on threads of its own until `stop`.
    func serve(_ answer: @escaping @Sendable (ControlQuestion) -> ControlAnswer) {
        service.serve { [self] in converse($0, answer) }
    }

    func stop() { service.stop() }

    private func converse(_ connection: Int32, _ answer: (ControlQuestion) -> ControlAnswer) {
        var user = uid_t()
        var process = pid_t()
        guard linux_peer_credentials(connection, &user, &process) == 0, user == geteuid() || user == 0 else { return }
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
