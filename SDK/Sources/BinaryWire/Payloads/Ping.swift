/// docs/binary-protocol.md, section 8.2: at most 64 bytes that are sent back unchanged.
public struct Ping: Equatable, Sendable {
    public let payload: Range<Int>

    public init(_ bytes: RawSpan, at payload: Range<Int>) throws(ErrorCode) {
        try bytes.requireFields(0, in: payload)
        guard payload.count <= WireLimits.pingPayload else { throw .malformedPayload }
        self.payload = payload
    }
}

/// A ping of the server with request id 0. Its payload is a counter, so that the server notices an answer to a heartbeat that it
/// did not send.
public struct Heartbeat: Equatable, Sendable {
    public let counter: UInt64

    static var fixedBytes: Int { 8 }

    public init(_ bytes: RawSpan, at payload: Range<Int>) throws(ErrorCode) {
        try bytes.requireFields(Self.fixedBytes, in: payload)
        guard payload.count == Self.fixedBytes else { throw .malformedPayload }
        counter = bytes.littleEndian(at: payload.lowerBound, as: UInt64.self)
    }
}
