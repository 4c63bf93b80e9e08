/// Builds the answer to a read that found its key, in two steps like `GetAnswerWriter`.
public enum ReadAnswerWriter {
    public static func answerBytes(valueBytes: Int) -> Int {
        WireLimits.headerBytes + ReadAnswer.fixedBytes + valueBytes
    }

    /// Returns false when the output is too small for the answer; nothing was written.
    public static func place(value: RawSpan, into output: inout MutableRawSpan) -> Bool {
        guard output.byteCount >= answerBytes(valueBytes: value.byteCount) else { return false }
        output.copy(value, at: WireLimits.headerBytes + ReadAnswer.fixedBytes)
        return true
    }

    /// Writes the header and the fields before a value that is already in its place.
    ///
    /// - Parameters:
    ///   - version: above 0.
    ///   - timeToLiveMilliseconds: 0: the key does not expire.
    public static func finish(
        valueBytes: Int, version: UInt64, timeToLiveMilliseconds: UInt64, requestID: UInt32,
        into output: inout MutableRawSpan
    ) -> Encoded {
        guard 0...WireLimits.valueBytes ~= valueBytes, version > 0 else { return .outOfLimits }
        let frameBytes = answerBytes(valueBytes: valueBytes)
        guard output.byteCount >= frameBytes else { return .needs(frameBytes) }
        FixedFields.threeLong(1, version, timeToLiveMilliseconds).store(in: &output, at: WireLimits.headerBytes)
        let payloadBytes = UInt32(ReadAnswer.fixedBytes + valueBytes)
        FrameHeader(opcode: .read, flags: .response, requestID: requestID, payloadLength: payloadBytes).seal(&output)
        return .written(frameBytes)
    }
}
