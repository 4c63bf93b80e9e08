import BinaryWire
import Glibc

/// Why a call failed: `localhost:7100: get: refused: invalid-key (64): a key has 1 to 512 bytes`.
public struct MartletClientError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The address of the server that was last asked.
    public let server: String
    /// What was asked: `get`.
    public let call: String
    /// What went wrong.
    public let reason: Reason
    /// False: the server has not executed the request, and will not.
    public let mayHaveBeenExecuted: Bool

    /// What can go wrong.
    public enum Reason: Error, Equatable, Sendable {
        /// An address or a setting of the client is wrong.
        case invalidConfiguration(String)
        /// The request breaks a limit of the protocol or of this server, so it was not sent.
        case invalidRequest(RequestRefusal)
        /// The server's error.
        case refused(ErrorCode, text: String)
        /// There was no answer in time. The failure is the last one of a connection, if one failed meanwhile.
        case timedOut(Duration, ConnectionFailure?)
        /// The connection, or the store of the server, was lost after the request was sent, and nobody knows whether it was executed. It is
        /// not safe to repeat.
        case unknownOutcome(ConnectionFailure)
        /// The connection was lost, each time when the policy allows several attempts.
        case disconnected(ConnectionFailure)
        /// No connection could be opened in as many attempts as the policy allows.
        case unreachable(ConnectionFailure)
        /// Too many calls wait.
        case queueFull(limit: Int)
        /// The client was closed.
        case closed
        /// The task was cancelled.
        case cancelled
        /// The answer of the server does not fit the request.
        case wrongAnswer(String)
    }

    public var description: String { "\(server): \(call): \(reason)" }
}

extension MartletClientError.Reason: CustomStringConvertible {
    public var description: String {
        switch self {
        case .invalidConfiguration(let text): text
        case .invalidRequest(let refusal): "not sent: \(refusal.explanation)"
        case .refused(let code, let text): "refused: \(code) (\(code.rawValue))\(text.isEmpty ? "" : ": " + text)"
        case .timedOut(let time, let failure):
            "no answer within \(time)" + (failure.map { "; the last connection: \($0)" } ?? "")
        case .unknownOutcome(let failure): "sent, and it may have been executed: \(failure)"
        case .disconnected(let failure): "the answer was lost: \(failure)"
        case .unreachable(let failure): "\(failure)"
        case .queueFull(let limit): "not sent: \(limit) calls wait already"
        case .closed: "not sent: the client is closed"
        case .cancelled: "cancelled"
        case .wrongAnswer(let text): "the server broke the protocol: \(text)"
        }
    }
}

extension RequestRefusal {
    fileprivate var explanation: String {
        switch self {
        case .outOfLimits: "a key has 1 to 512 bytes, a prefix 0 to 512, a value at most 1 MiB, a ping 64 bytes"
        case .payloadTooLarge(let limit): "the server accepts payloads of up to \(limit) bytes"
        default: "\(self)"
        }
    }
}
