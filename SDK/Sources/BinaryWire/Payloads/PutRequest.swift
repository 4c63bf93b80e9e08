/// docs/binary-protocol.md, section 8.5. Ranges index the span that was read.
public struct PutRequest: Equatable, Sendable {
    public let key: Range<Int>
    public let value: Range<Int>

    static var fixedBytes: Int { 4 }

    public init(_ bytes: RawSpan, at payload: Range<Int>) throws(ErrorCode) {
        try bytes.requireFields(Self.fixedBytes, in: payload)
        let start = payload.lowerBound
        let keyBytes = Int(bytes.littleEndian(at: start, as: UInt16.self))
        let reserved = bytes.littleEndian(at: start + 2, as: UInt16.self)
        guard reserved == 0, keyBytes <= payload.count - Self.fixedBytes else { throw .malformedPayload }
        guard WireLimits.allows(keyBytes: keyBytes) else { throw .invalidKey }
        let keyEnd = start + Self.fixedBytes + keyBytes
        key = start + Self.fixedBytes..<keyEnd
        value = keyEnd..<payload.upperBound
        guard value.count <= WireLimits.valueBytes else { throw .valueTooLarge }
    }
}
