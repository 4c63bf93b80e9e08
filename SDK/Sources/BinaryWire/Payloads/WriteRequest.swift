/// docs/binary-protocol.md, section 8.10. Ranges index the span that was read.
///
/// It has 32 bytes, as on the wire, because every event of a server's session has room for it.
public struct WriteRequest: Equatable, Sendable {
    private let start: Int
    private let expectedVersion: UInt64
    /// Of a put; 0: the key does not expire.
    public let timeToLiveMilliseconds: UInt64
    private let valueBytes: UInt32
    private let keyBytes: UInt16
    public let operation: WriteOperation
    private let conditionCode: UInt8

    static var fixedBytes: Int { 24 }

    public init(_ bytes: RawSpan, at payload: Range<Int>) throws(ErrorCode) {
        try self.init(firstIn: payload, of: bytes)
        guard end == payload.upperBound else { throw .malformedPayload }
        try checkKeyAndValue()
    }

    /// Reads the write at the beginning of a range, but not what `checkKeyAndValue` checks.
    init(firstIn range: Range<Int>, of bytes: RawSpan) throws(ErrorCode) {
        try bytes.requireFields(Self.fixedBytes, in: range)
        start = range.lowerBound
        guard let operation = WriteOperation(rawValue: bytes.littleEndian(at: start, as: UInt8.self)) else {
            throw .malformedPayload
        }
        self.operation = operation
        conditionCode = bytes.littleEndian(at: start + 1, as: UInt8.self)
        keyBytes = bytes.littleEndian(at: start + 2, as: UInt16.self)
        valueBytes = bytes.littleEndian(at: start + 4, as: UInt32.self)
        expectedVersion = bytes.littleEndian(at: start + 8, as: UInt64.self)
        timeToLiveMilliseconds = bytes.littleEndian(at: start + 16, as: UInt64.self)
        guard conditionCode <= Self.versionCode, (expectedVersion > 0) == (conditionCode == Self.versionCode),
            WireLimits.allows(timeToLive: timeToLiveMilliseconds),
            operation == .put || valueBytes == 0 && timeToLiveMilliseconds == 0, end <= range.upperBound
        else { throw .malformedPayload }
    }

    func checkKeyAndValue() throws(ErrorCode) {
        guard WireLimits.allows(keyBytes: Int(keyBytes)) else { throw .invalidKey }
        guard valueBytes <= WireLimits.valueBytes else { throw .valueTooLarge }
    }

    public var key: Range<Int> { start + Self.fixedBytes..<start + Self.fixedBytes + Int(keyBytes) }
    public var value: Range<Int> { key.upperBound..<end }
    var end: Int { key.upperBound + Int(valueBytes) }

    public var condition: WriteCondition {
        switch conditionCode {
        case 0: .always
        case 1: .absent
        case 2: .present
        default: .version(expectedVersion)
        }
    }

    private static var versionCode: UInt8 { 3 }
}

extension WriteRule {
    /// The words before the key of a write.
    func fields(keyBytes: Int, valueBytes: Int) -> FixedFields {
        let (code, version): (UInt64, UInt64) =
            switch condition {
            case .always: (0, 0)
            case .absent: (1, 0)
            case .present: (2, 0)
            case .version(let version): (3, version)
            }
        let lengths = UInt64(keyBytes) << 16 | UInt64(valueBytes) << 32
        return .threeLong(UInt64(operation.rawValue) | code << 8 | lengths, version, timeToLiveMilliseconds)
    }
}
