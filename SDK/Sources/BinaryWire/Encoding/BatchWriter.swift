/// Builds a batch write by write in the caller's memory.
///
/// The output must be the same memory for every call, from its start.
public struct BatchWriter {
    public private(set) var count = 0
    private var end = WireLimits.headerBytes + BatchRequest.fixedBytes

    public init() {}

    /// Returns false when the write breaks a limit, or the output is too small.
    public mutating func append(
        _ rule: WriteRule, key: RawSpan, value: RawSpan, into output: inout MutableRawSpan
    ) -> Bool {
        guard count < WireLimits.batchWrites, rule.allows(keyBytes: key.byteCount, valueBytes: value.byteCount),
            output.byteCount - end >= WriteRequest.fixedBytes + key.byteCount + value.byteCount
        else { return false }
        rule.fields(keyBytes: key.byteCount, valueBytes: value.byteCount).store(in: &output, at: end)
        output.copy(key, at: end + WriteRequest.fixedBytes)
        output.copy(value, at: end + WriteRequest.fixedBytes + key.byteCount)
        end += WriteRequest.fixedBytes + key.byteCount + value.byteCount
        count += 1
        return true
    }

    /// Writes the header and the count before the writes.
    public func finish(requestID: UInt32, into output: inout MutableRawSpan) -> Encoded {
        let payloadBytes = end - WireLimits.headerBytes
        guard count > 0, requestID != 0, payloadBytes <= WireLimits.largestMaximumPayload else { return .outOfLimits }
        guard output.byteCount >= end else { return .needs(end) }
        FixedFields.two(UInt32(count), 0).store(in: &output, at: WireLimits.headerBytes)
        FrameHeader(opcode: .batch, flags: [], requestID: requestID, payloadLength: UInt32(payloadBytes)).seal(&output)
        return .written(end)
    }
}
