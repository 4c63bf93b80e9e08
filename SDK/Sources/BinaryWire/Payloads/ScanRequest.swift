/// docs/binary-protocol.md, section 8.7. Ranges index the span that was read.
public struct ScanRequest: Equatable, Sendable {
    /// The maximum number of entries that the client wants.
    public let limit: Int
    /// Empty: every key.
    public let prefix: Range<Int>
    /// Only keys after this one; empty: from the beginning.
    public let startAfter: Range<Int>

    static var fixedBytes: Int { 8 }

    public init(_ bytes: RawSpan, at payload: Range<Int>) throws(ErrorCode) {
        try bytes.requireFields(Self.fixedBytes, in: payload)
        let start = payload.lowerBound
        let limit = bytes.littleEndian(at: start, as: UInt32.self)
        let prefixBytes = Int(bytes.littleEndian(at: start + 4, as: UInt16.self))
        let startAfterBytes = Int(bytes.littleEndian(at: start + 6, as: UInt16.self))
        guard 1...WireLimits.scanEntries ~= Int(limit),
            prefixBytes + startAfterBytes == payload.count - Self.fixedBytes
        else { throw .malformedPayload }
        guard prefixBytes <= WireLimits.keyBytes, startAfterBytes <= WireLimits.keyBytes else { throw .invalidKey }
        self.limit = Int(limit)
        prefix = start + Self.fixedBytes..<start + Self.fixedBytes + prefixBytes
        startAfter = prefix.upperBound..<payload.upperBound
    }
}
