/// What the server chose: docs/binary-protocol.md, section 8.1. Ranges index the span that was read.
public struct HelloAnswer: Equatable, Sendable {
    public let version: UInt8
    /// The largest payload that the server accepts.
    public let maximumPayload: UInt32
    /// 0: the server sends no heartbeats.
    public let heartbeatMilliseconds: UInt32
    /// How many heartbeats in a row may stay unanswered.
    public let unansweredHeartbeats: UInt8
    public let name: Range<Int>

    static var fixedBytes: Int { 16 }

    public init(_ bytes: RawSpan, at payload: Range<Int>) throws(ErrorCode) {
        try bytes.requireFields(Self.fixedBytes, in: payload)
        let start = payload.lowerBound
        version = bytes.littleEndian(at: start, as: UInt8.self)
        let reserved = bytes.littleEndian(at: start + 1, as: UInt8.self)
        let nameBytes = Int(bytes.littleEndian(at: start + 2, as: UInt16.self))
        maximumPayload = bytes.littleEndian(at: start + 4, as: UInt32.self)
        heartbeatMilliseconds = bytes.littleEndian(at: start + 8, as: UInt32.self)
        let lastWord = bytes.littleEndian(at: start + 12, as: UInt32.self)
        unansweredHeartbeats = UInt8(truncatingIfNeeded: lastWord)
        guard payload.count <= WireLimits.helloPayload, nameBytes <= payload.count - Self.fixedBytes else {
            throw .malformedPayload
        }
        name = start + Self.fixedBytes..<start + Self.fixedBytes + nameBytes
        guard reserved == 0, lastWord >> 8 == 0, version >= 1, unansweredHeartbeats >= 1,
            WireLimits.allows(maximumPayload: maximumPayload),
            WireLimits.allows(heartbeatMilliseconds: heartbeatMilliseconds), bytes.isName(name)
        else { throw .malformedPayload }
    }
}
