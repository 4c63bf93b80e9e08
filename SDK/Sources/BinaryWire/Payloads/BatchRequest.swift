/// docs/binary-protocol.md, section 8.11. Reading it validates every write, so iterating cannot fail.
public struct BatchRequest: Equatable, Sendable {
    public let count: Int
    /// The packed writes; they index the span that was read, as do the ranges of each write.
    public let writes: BatchWrites

    static var fixedBytes: Int { 8 }

    public init(_ bytes: RawSpan, at payload: Range<Int>) throws(ErrorCode) {
        try bytes.requireFields(Self.fixedBytes, in: payload)
        let start = payload.lowerBound
        let count = bytes.littleEndian(at: start, as: UInt32.self)
        let reserved = bytes.littleEndian(at: start + 4, as: UInt32.self)
        guard 1...WireLimits.batchWrites ~= Int(count), reserved == 0 else { throw .malformedPayload }
        self.count = Int(count)
        writes = BatchWrites(remaining: start + Self.fixedBytes..<payload.upperBound)
        try Self.validate(writes, count: self.count, in: bytes)
    }

    /// The layout of all writes first, so that a wrong length is not reported as the wrong key that it makes.
    private static func validate(_ writes: BatchWrites, count: Int, in bytes: RawSpan) throws(ErrorCode) {
        var remaining = writes.remaining
        for _ in 0..<count { remaining = try WriteRequest(firstIn: remaining, of: bytes).end..<remaining.upperBound }
        guard remaining.isEmpty else { throw .malformedPayload }
        var cursor = writes
        while let write = cursor.next(in: bytes) { try write.checkKeyAndValue() }
    }
}

/// A cursor over packed writes: copy it, then call `next` until it is nil.
public struct BatchWrites: Equatable, Sendable {
    var remaining: Range<Int>

    public mutating func next(in bytes: RawSpan) -> WriteRequest? {
        guard !remaining.isEmpty, let write = try? WriteRequest(firstIn: remaining, of: bytes) else { return nil }
        remaining = write.end..<remaining.upperBound
        return write
    }
}
