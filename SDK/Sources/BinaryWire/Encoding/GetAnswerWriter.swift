/// Builds the answer to a get that found its key, in two steps: the value is copied into its place while the store is locked, and
/// the checks are computed afterwards. Checking a value takes about ten times longer than copying it.
public enum GetAnswerWriter {
    public static func answerBytes(valueBytes: Int) -> Int {
        WireLimits.headerBytes + GetAnswer.fixedBytes + valueBytes
    }

    /// Returns false when the output is too small for the answer; nothing was written.
    public static func place(value: RawSpan, into output: inout MutableRawSpan) -> Bool {
        guard output.byteCount >= answerBytes(valueBytes: value.byteCount) else { return false }
        output.copy(value, at: WireLimits.headerBytes + GetAnswer.fixedBytes)
        return true
    }

    /// Writes the header and the fields before a value that is already in its place.
    public static func finish(valueBytes: Int, requestID: UInt32, into output: inout MutableRawSpan) -> Encoded {
        guard 0...WireLimits.valueBytes ~= valueBytes else { return .outOfLimits }
        let frameBytes = answerBytes(valueBytes: valueBytes)
        guard output.byteCount >= frameBytes else { return .needs(frameBytes) }
        output.store(UInt32(1), at: WireLimits.headerBytes)
        let payloadBytes = UInt32(GetAnswer.fixedBytes + valueBytes)
        FrameHeader(opcode: .get, flags: .response, requestID: requestID, payloadLength: payloadBytes).seal(&output)
        return .written(frameBytes)
    }
}
