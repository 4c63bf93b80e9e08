public enum ChangeKind: UInt8, Sendable {
    case put = 1
    case deleted = 2
    case expired = 3
    /// Changes of unknown keys may have been missed.
    case lost = 4
}

/// docs/binary-protocol.md, section 8.14. Ranges index the span that was read.
public struct ChangeNotice: Equatable, Sendable {
    public let watch: UInt32
    public let kind: ChangeKind
    /// Of a put; otherwise 0.
    public let version: UInt64
    /// Empty if changes were lost.
    public let key: Range<Int>

    static var fixedBytes: Int { 16 }

    public init(_ bytes: RawSpan, at payload: Range<Int>) throws(ErrorCode) {
        try bytes.requireFields(Self.fixedBytes, in: payload)
        let start = payload.lowerBound
        watch = bytes.littleEndian(at: start, as: UInt32.self)
        let reserved = bytes.littleEndian(at: start + 5, as: UInt8.self)
        let keyBytes = Int(bytes.littleEndian(at: start + 6, as: UInt16.self))
        version = bytes.littleEndian(at: start + 8, as: UInt64.self)
        key = start + Self.fixedBytes..<payload.upperBound
        guard watch > 0, let kind = ChangeKind(rawValue: bytes.littleEndian(at: start + 4, as: UInt8.self)),
            reserved == 0, (version > 0) == (kind == .put), keyBytes == key.count,
            kind == .lost ? key.isEmpty : WireLimits.allows(keyBytes: key.count)
        else { throw .malformedPayload }
        self.kind = kind
    }
}
