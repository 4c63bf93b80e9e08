/// docs/binary-protocol.md, section 8.7. Reading it validates every entry, so iterating cannot fail.
public struct ScanAnswer: Equatable, Sendable {
    public let count: Int
    /// There are more keys after the last entry: scan again with its key as `startAfter`.
    public let more: Bool
    /// The packed entries; they index the span that was read, as do the ranges of each entry.
    public let entries: ScanEntries

    static var fixedBytes: Int { 8 }

    public init(_ bytes: RawSpan, at payload: Range<Int>) throws(ErrorCode) {
        try bytes.requireFields(Self.fixedBytes, in: payload)
        let start = payload.lowerBound
        let count = bytes.littleEndian(at: start, as: UInt32.self)
        let more = bytes.littleEndian(at: start + 4, as: UInt32.self)
        // "More" in an empty answer would make the client repeat its request for ever.
        guard Int(count) <= WireLimits.scanEntries, more <= 1, count > 0 || more == 0 else { throw .malformedPayload }
        self.count = Int(count)
        self.more = more == 1
        entries = ScanEntries(remaining: start + Self.fixedBytes..<payload.upperBound)
        try Self.validate(entries, count: self.count, in: bytes)
    }

    private static func validate(_ entries: ScanEntries, count: Int, in bytes: RawSpan) throws(ErrorCode) {
        var cursor = entries
        var previous: Range<Int>?
        for _ in 0..<count {
            guard let entry = cursor.next(in: bytes), WireLimits.allows(keyBytes: entry.key.count),
                entry.value.count <= WireLimits.valueBytes
            else { throw .malformedPayload }
            if let previous, !bytes.isKey(previous, orderedBefore: entry.key) { throw .malformedPayload }
            previous = entry.key
        }
        guard cursor.isAtEnd else { throw .malformedPayload }
    }
}

public struct ScanEntry: Equatable, Sendable {
    public let key: Range<Int>
    public let value: Range<Int>

    static var fixedBytes: Int { 8 }
}

/// A cursor over packed entries: copy it, then call `next` until it is nil.
public struct ScanEntries: Equatable, Sendable {
    var remaining: Range<Int>

    public var isAtEnd: Bool { remaining.isEmpty }

    public mutating func next(in bytes: RawSpan) -> ScanEntry? {
        guard remaining.count >= ScanEntry.fixedBytes, remaining.upperBound <= bytes.byteCount else { return nil }
        let start = remaining.lowerBound
        let keyBytes = Int(bytes.littleEndian(at: start, as: UInt16.self))
        let reserved = bytes.littleEndian(at: start + 2, as: UInt16.self)
        let valueBytes = Int(bytes.littleEndian(at: start + 4, as: UInt32.self))
        guard reserved == 0, keyBytes + valueBytes <= remaining.count - ScanEntry.fixedBytes else { return nil }
        let keyStart = start + ScanEntry.fixedBytes
        let valueStart = keyStart + keyBytes
        remaining = valueStart + valueBytes..<remaining.upperBound
        return ScanEntry(key: keyStart..<valueStart, value: valueStart..<valueStart + valueBytes)
    }
}
