extension FrameEncoder {
    /// Writes the error frame of a refusal. The caller closes after it if `refusal.closes`.
    ///
    /// - Parameter text: for people; truncated to 512 bytes, at the end of a character.
    public static func error(
        _ refusal: Refusal, text: RawSpan = RawSpan(), into output: inout MutableRawSpan
    ) -> Encoded {
        encodeError(
            refusal.code, closes: refusal.closes, opcode: refusal.opcode, requestID: refusal.requestID, text: text,
            into: &output)
    }

    /// Writes the error frame for a valid request that failed. The connection stays open.
    public static func failure(
        _ code: ErrorCode, of opcode: Opcode, requestID: UInt32, text: RawSpan = RawSpan(),
        into output: inout MutableRawSpan
    ) -> Encoded {
        guard requestID != 0, code.rawValue != 0 else { return .outOfLimits }
        return encodeError(
            code, closes: false, opcode: opcode.rawValue, requestID: requestID, text: text, into: &output)
    }

    private static func encodeError(
        _ code: ErrorCode, closes: Bool, opcode: UInt8, requestID: UInt32, text: RawSpan,
        into output: inout MutableRawSpan
    ) -> Encoded {
        guard let end = text.endOfMessage else { return .outOfLimits }
        let outcome = UInt16(closes ? 1 : 0) | UInt16(opcode) << 8
        return encode(
            .error, .response, requestID: requestID, fields: .one(FixedFields.pair(code.rawValue, outcome)),
            text.extracting(0..<end), into: &output)
    }
}

extension RawSpan {
    /// Where a message for people is truncated on the wire: after at most 512 bytes and never within a character. nil when the
    /// text is not UTF-8.
    var endOfMessage: Int? {
        var end = min(byteCount, WireLimits.textBytes)
        if end < byteCount {
            // A byte 10xxxxxx continues the character before it.
            while end > 0, littleEndian(at: end, as: UInt8.self) & 0xC0 == 0x80 { end -= 1 }
        }
        return isUTF8(0..<end) ? end : nil
    }
}
