import BinaryWire
import Glibc

/// Why a connection could not be opened, or why it ended.
public enum ConnectionFailure: Error, Equatable, Sendable {
    /// With the message of the resolver.
    case unknownHost(String)
    /// A system call failed with this errno.
    case system(function: String, code: Int32)
    /// TCP, TLS and hello took too long.
    case connectTimedOut(Duration)
    /// The handshake failed, or a record was damaged.
    case tls(String)
    /// Without saying why.
    case closedByServer
    /// The server sent nothing for this long, not even an answer to a ping.
    case silent(Duration)
    /// The server's error, after which the connection is of no use.
    case refused(ErrorCode, text: String)
    /// The server has not shown that it knows the password.
    case unprovenServer(String)
    /// The server sent something that the protocol does not allow.
    case violation(ProtocolViolation)
    /// The server lost its store while it executed the call: the error outcome-unknown. The connection goes on.
    case storeLost(text: String)
    /// The server did not answer the call within its time-out.
    case answerTimedOut(Duration)
}

extension ConnectionFailure {
    /// The next attempt would end in the same way.
    var isFinal: Bool {
        switch self {
        case .refused(.authenticationFailed, _), .refused(.notPermitted, _), .unprovenServer: true
        default: false
        }
    }
}

extension ConnectionFailure: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unknownHost(let text): "cannot resolve the host: \(text)"
        case .system(let function, let code): "\(function) failed: \(String(cString: strerror(code)))"
        case .connectTimedOut(let time): "not connected within \(time)"
        case .tls(let text): text
        case .closedByServer: "the server closed the connection"
        case .silent(let time): "the server was silent for \(time)"
        case .refused(let code, let text):
            "the server refused the connection: \(code) (\(code.rawValue))\(text.isEmpty ? "" : ": " + text)"
        case .unprovenServer(let text): "the server cannot be trusted with a password: \(text)"
        case .violation(let violation): "the server broke the protocol: \(violation)"
        case .storeLost(let text):
            "\(ErrorCode.outcomeUnknown) (\(ErrorCode.outcomeUnknown.rawValue))\(text.isEmpty ? "" : ": " + text)"
        case .answerTimedOut(let time): "no answer within \(time)"
        }
    }
}
