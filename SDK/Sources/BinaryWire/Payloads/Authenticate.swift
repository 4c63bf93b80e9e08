/// How a client shows who it is: docs/binary-protocol.md, section 8.15.
public enum AuthenticationMechanism: UInt16, Sendable, CaseIterable {
    /// SCRAM-SHA-256 without channel binding: RFC 7677.
    case scram = 1
    /// RFC 4616: NUL, name, NUL, and the password or the token.
    case plain = 2
    /// The token alone.
    case token = 3
}

/// docs/binary-protocol.md, section 8.15. Ranges index the span that was read.
public struct AuthenticateRequest: Equatable, Sendable {
    public let mechanism: AuthenticationMechanism
    public let message: Range<Int>

    static var fixedBytes: Int { 4 }

    public init(_ bytes: RawSpan, at payload: Range<Int>) throws(ErrorCode) {
        try bytes.requireFields(Self.fixedBytes, in: payload)
        let start = payload.lowerBound
        let number = bytes.littleEndian(at: start, as: UInt16.self)
        let reserved = bytes.littleEndian(at: start + 2, as: UInt16.self)
        message = start + Self.fixedBytes..<payload.upperBound
        guard let mechanism = AuthenticationMechanism(rawValue: number), reserved == 0,
            message.count <= WireLimits.authenticationBytes
        else { throw .malformedPayload }
        self.mechanism = mechanism
    }
}

/// docs/binary-protocol.md, section 8.15. Ranges index the span that was read.
public struct AuthenticateAnswer: Equatable, Sendable {
    /// False: the client answers the message with its next one.
    public let isDone: Bool
    /// The client must not change anything.
    public let isReadOnly: Bool
    /// Who the client is; empty: it is not known yet.
    public let name: Range<Int>
    public let message: Range<Int>

    static var fixedBytes: Int { 8 }
    static var more: UInt16 { 1 }
    static var readOnly: UInt16 { 1 }

    public init(_ bytes: RawSpan, at payload: Range<Int>) throws(ErrorCode) {
        try bytes.requireFields(Self.fixedBytes, in: payload)
        let start = payload.lowerBound
        let state = bytes.littleEndian(at: start, as: UInt16.self)
        // A later server may know more rights.
        let rights = bytes.littleEndian(at: start + 2, as: UInt16.self)
        let nameBytes = Int(bytes.littleEndian(at: start + 4, as: UInt16.self))
        let reserved = bytes.littleEndian(at: start + 6, as: UInt16.self)
        guard state <= Self.more, reserved == 0, nameBytes <= payload.count - Self.fixedBytes else {
            throw .malformedPayload
        }
        isDone = state != Self.more
        isReadOnly = rights & Self.readOnly != 0
        name = start + Self.fixedBytes..<start + Self.fixedBytes + nameBytes
        message = name.upperBound..<payload.upperBound
        guard isDone == !name.isEmpty, bytes.isUTF8(name), message.count <= WireLimits.authenticationBytes else {
            throw .malformedPayload
        }
    }
}
