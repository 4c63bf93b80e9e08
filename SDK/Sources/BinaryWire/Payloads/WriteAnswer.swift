/// docs/binary-protocol.md, section 8.10.
public struct WriteAnswer: Equatable, Sendable {
    /// False: the condition was not met, and nothing has changed.
    public let isDone: Bool
    /// The key existed before.
    public let existed: Bool
    /// Done: the new version of a put; 0 for a delete. Not done: the version that the key has; 0: there is no such key.
    public let version: UInt64

    static var fixedBytes: Int { 16 }

    public init(isDone: Bool, existed: Bool, version: UInt64) {
        self.isDone = isDone
        self.existed = existed
        self.version = version
    }

    public init(_ bytes: RawSpan, at payload: Range<Int>) throws(ErrorCode) {
        try bytes.requireFields(Self.fixedBytes, in: payload)
        let start = payload.lowerBound
        let outcome = bytes.littleEndian(at: start, as: UInt32.self)
        let existed = bytes.littleEndian(at: start + 4, as: UInt32.self)
        version = bytes.littleEndian(at: start + 8, as: UInt64.self)
        guard payload.count == Self.fixedBytes, outcome <= 1, existed <= 1,
            outcome == 0 || (existed == 1) == (version > 0)
        else { throw .malformedPayload }
        isDone = outcome == 0
        self.existed = existed == 1
    }
}
