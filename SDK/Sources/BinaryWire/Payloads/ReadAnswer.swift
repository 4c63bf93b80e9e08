/// docs/binary-protocol.md, section 8.9. Ranges index the span that was read.
public struct ReadAnswer: Equatable, Sendable {
    /// nil: the store has no such key.
    public let value: Range<Int>?
    /// Above 0 if there is such a key.
    public let version: UInt64
    /// How long the key will exist; 0: it does not expire.
    public let timeToLiveMilliseconds: UInt64

    static var fixedBytes: Int { 24 }

    public init(_ bytes: RawSpan, at payload: Range<Int>) throws(ErrorCode) {
        try bytes.requireFields(Self.fixedBytes, in: payload)
        let start = payload.lowerBound
        let found = bytes.littleEndian(at: start, as: UInt32.self)
        let reserved = bytes.littleEndian(at: start + 4, as: UInt32.self)
        version = bytes.littleEndian(at: start + 8, as: UInt64.self)
        timeToLiveMilliseconds = bytes.littleEndian(at: start + 16, as: UInt64.self)
        let rest = start + Self.fixedBytes..<payload.upperBound
        guard found <= 1, reserved == 0, (version > 0) == (found == 1), rest.count <= WireLimits.valueBytes,
            found == 1 || rest.isEmpty && timeToLiveMilliseconds == 0
        else { throw .malformedPayload }
        value = found == 1 ? rest : nil
    }
}
