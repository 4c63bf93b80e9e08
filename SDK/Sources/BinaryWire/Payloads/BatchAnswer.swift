/// docs/binary-protocol.md, section 8.11.
public enum BatchAnswer: Equatable, Sendable {
    case done(BatchVersions)
    /// Nothing has changed: the condition of the write at `index`, from 0, was not met. `version` is the one that its key has after the
    /// writes before it; 0: there is no such key.
    case notMet(index: Int, version: UInt64)

    static var fixedBytes: Int { 8 }
    static func payloadBytes(versions: Int) -> Int { fixedBytes + 8 * versions }

    public init(_ bytes: RawSpan, at payload: Range<Int>) throws(ErrorCode) {
        try bytes.requireFields(Self.payloadBytes(versions: 1), in: payload)
        let start = payload.lowerBound
        let outcome = bytes.littleEndian(at: start, as: UInt32.self)
        let index = Int(bytes.littleEndian(at: start + 4, as: UInt32.self))
        let versions = BatchVersions(start: start + Self.fixedBytes, count: (payload.count - Self.fixedBytes) / 8)
        guard payload.count == Self.payloadBytes(versions: versions.count) else { throw .malformedPayload }
        switch outcome {
        case 0 where index == 0 && versions.count <= WireLimits.batchWrites: self = .done(versions)
        case 1 where index < WireLimits.batchWrites && versions.count == 1:
            self = .notMet(index: index, version: versions.version(0, in: bytes))
        default: throw .malformedPayload
        }
    }
}

/// The versions after a batch, in the order of its writes; 0 for a delete. They index the span that was read.
public struct BatchVersions: Equatable, Sendable {
    fileprivate let start: Int
    public let count: Int

    /// - Parameter index: from 0, below `count`.
    public func version(_ index: Int, in bytes: RawSpan) -> UInt64 {
        precondition(0..<count ~= index, "a version beyond the end of the batch")
        return bytes.littleEndian(at: start + 8 * index, as: UInt64.self)
    }
}
