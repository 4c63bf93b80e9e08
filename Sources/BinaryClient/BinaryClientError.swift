import BinaryWire
import Glibc

/// Why a call failed: `localhost:7100: get: refused: invalid-key (64): a key has 1 to 512 bytes`.
package struct BinaryClientError: Error, Equatable, Sendable, CustomStringConvertible {
    package let address: String
    package let call: Call
    package let reason: Reason

    package enum Call: String, Sendable {
        case connect, hello, ping, echo, get, put, delete, scan, read, write, batch, watch, unwatch
    }

    package enum Reason: Error, Equatable, Sendable {
        case notAnAddress
        /// With the message of the resolver.
        case unknownHost(String)
        /// A system call failed with this errno.
        case system(function: String, code: Int32)
        case timedOut(Duration)
        /// The handshake failed, or a record was damaged.
        case tls(String)
        /// The server closed the connection before it answered.
        case closedByServer
        /// The server's error. Unless it closes, the connection can be used for other requests.
        case refused(ErrorCode, text: String, closes: Bool)
        /// The server is about to close this connection: ask on another.
        case goodbye(GoodbyeReason, text: String)
        /// The request was not sent: it breaks a limit of the protocol or of this server.
        case notSent(RequestRefusal)
        /// The server broke the protocol.
        case violation(ProtocolViolation)
        /// A pong with other bytes than the ping.
        case wrongPong
        /// An earlier error has closed this connection.
        case closed
    }

    package var description: String { "\(address): \(call.rawValue): \(reason)" }
}

extension BinaryClientError.Reason: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notAnAddress: "not an address; expected host:port, [::1]:port or unix:/path"
        case .unknownHost(let text): "cannot resolve the host: \(text)"
        case .system(let function, let code): "\(function) failed: \(String(cString: strerror(code)))"
        case .tls(let text): text
        case .timedOut(let timeout): "no answer within \(timeout)"
        case .closedByServer: "the server closed the connection before it answered"
        case .refused(let code, let text, let closes):
            "refused: \(code) (\(code.rawValue))\(text.isEmpty ? "" : ": " + text)"
                + (closes ? "; the server closed the connection" : "")
        case .goodbye(let reason, let text):
            "the server said goodbye (\(reason))\(text.isEmpty ? "" : ": \(text)")"
        case .notSent(let refusal): "not sent: \(refusal.explanation)"
        case .violation(let violation): "the server broke the protocol: \(violation)"
        case .wrongPong: "the answer to a ping differs from the ping"
        case .closed: "the connection is closed because of an earlier error"
        }
    }

    /// The stream is in step, so the connection can be used for more requests.
    var leavesConnectionOpen: Bool {
        switch self {
        case .refused(_, _, let closes): !closes
        case .notSent, .goodbye: true
        default: false
        }
    }
}

extension RequestRefusal {
    fileprivate var explanation: String {
        switch self {
        case .outOfLimits:
            """
            a key has 1 to 512 bytes, a prefix 0 to 512, a value at most 1 MiB, a ping 64 bytes, a batch 1 to 1,000 writes; a \
            time to live is at most 10 years
            """
        case .payloadTooLarge(let limit): "the server accepts payloads of up to \(limit) bytes"
        case .goodbyeReceived: "the server said goodbye"
        case .tooManyInFlight, .helloNotSent, .helloSentAlready, .closed: "\(self)"
        }
    }
}
