import CLinux
import FoundationEssentials
import Glibc
import Threads

/// The Unix socket on which a running server answers its command line. Only its own user and root may ask.
final class ControlSocket: Sendable {
    /// More than one argument of a command line can hold: execve(2), MAX_ARG_STRLEN.
    private static let lineLimit = 1 << 20

    let service: SocketService

    init(path: String) throws(SystemError) {
        service = try SocketService(.unix(path: path), name: "admin")
    }

    /// Answers questions on separate threads until `stop`.
    func serve(_ answer: @escaping @Sendable (ControlQuestion) -> ControlAnswer) {
        service.serve(read: Self.line) { line in
            var reply = ControlAnswer()
            if let question = try? JSONDecoder().decode(ControlQuestion.self, from: Data(line)) {
                reply = answer(question)
            } else {
                reply.error = "this server does not know the request: is the command line from another version?"
            }
            guard let bytes = try? JSONEncoder().encode(reply) else { return nil }
            return Array(bytes) + [UInt8(ascii: "\n")]
        }
    }

    func stop() { service.stop() }

    /// Reads the question of a peer that may ask, without its newline.
    private static func line(_ conversation: Conversation) -> [UInt8]? {
        var user = uid_t()
        var process = pid_t()
        guard linux_peer_credentials(conversation.descriptor, &user, &process) == 0, user == geteuid() || user == 0
        else {
            return nil
        }
        var line: [UInt8] = []
        while line.count < lineLimit, let bytes = conversation.receive() {
            let old = line.count
            line += bytes
            if let end = line[old...].firstIndex(of: UInt8(ascii: "\n")) { return Array(line[..<end]) }
        }
        return nil
    }
}
