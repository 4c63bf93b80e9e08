/// What a client offers: docs/binary-protocol.md, section 8.1. Ranges index the span that was read.
public struct HelloRequest: Equatable, Sendable {
    public let versions: ClosedRange<UInt8>
    /// The largest payload that the client accepts.
    public let maximumPayload: UInt32
    public let name: Range<Int>

    static var fixedBytes: Int { 8 }

    public init(_ bytes: RawSpan, at payload: Range<Int>) throws(ErrorCode) {
        try bytes.requireFields(Self.fixedBytes, in: payload)
        let start = payload.lowerBound
        let lowest = bytes.littleEndian(at: start, as: UInt8.self)
        let highest = bytes.littleEndian(at: start + 1, as: UInt8.self)
        let nameBytes = Int(bytes.littleEndian(at: start + 2, as: UInt16.self))
        maximumPayload = bytes.littleEndian(at: start + 4, as: UInt32.self)
        // Bytes after the name belong to later versions and are skipped.
        guard payload.count <= WireLimits.helloPayload, nameBytes <= payload.count - Self.fixedBytes else {
            throw .malformedPayload
        }
        name = start + Self.fixedBytes..<start + Self.fixedBytes + nameBytes
        guard 1 <= lowest, lowest <= highest, WireLimits.allows(maximumPayload: maximumPayload), bytes.isName(name)
        else { throw .malformedPayload }
        versions = lowest...highest
    }
}
