import BinaryWire

extension Opcode {
    /// As in docs/binary-protocol.md, section 5.
    var name: StaticString {
        switch self {
        case .hello: "hello"
        case .ping: "ping"
        case .goodbye: "goodbye"
        case .error: "error"
        case .authenticate: "authenticate"
        case .echo: "echo"
        case .get: "get"
        case .put: "put"
        case .delete: "delete"
        case .scan: "scan"
        case .read: "read"
        case .write: "write"
        case .batch: "batch"
        case .watch: "watch"
        case .unwatch: "unwatch"
        case .changed: "changed"
        }
    }
}

extension ErrorCode {
    /// The peer broke the protocol, as opposed to an operation that failed.
    var isProtocolError: Bool { rawValue < ErrorCode.invalidKey.rawValue }

    /// The text for a person at the other end.
    var text: StaticString {
        switch self {
        case .badMagic: "not a frame of the Martlet binary protocol"
        case .corruptHeader: "header check does not match"
        case .corruptFrame: "frame check does not match"
        case .unsupportedVersion: "this server speaks version 1"
        case .payloadTooLarge: "payload is larger than the maximum of the hello"
        case .unknownOpcode: "opcode is not known"
        case .invalidFlags: "a reserved flag is set, or a response answers nothing"
        case .malformedPayload: "payload does not have the layout of its opcode"
        case .wrongState: "not allowed at this point of the connection"
        case .truncatedFrame: "the stream ended within a frame"
        case .invalidRequestID: "a request needs an id other than 0"
        case .heartbeatTimeout: "heartbeats were left unanswered"
        case .invalidKey: "a key has 1 to 512 bytes, a prefix or a cursor 0 to 512"
        case .valueTooLarge: "value is larger than this server stores"
        case .answerTooLarge: "answer is larger than the client accepts"
        case .storeFull: "the store is full"
        case .notPermitted: "the user may not do this, or the store can only be read now"
        case .authenticationRequired: "authenticate first: this server has users"
        case .authenticationFailed: "no user has this name and this secret"
        case .authenticationLimited: "too many failures; try again later"
        case .outcomeUnknown: "the store was lost meanwhile; the request may have been executed"
        case .busy: "too many watches, or the server is busy; try again later"
        default: "the server could not do it"
        }
    }
}
