extension FrameEncoder {
    public static func ping(
        _ payload: RawSpan, requestID: UInt32, into output: inout MutableRawSpan
    ) -> Encoded {
        guard requestID != 0, payload.byteCount <= WireLimits.pingPayload else { return .outOfLimits }
        return encode(.ping, [], requestID: requestID, payload, into: &output)
    }

    /// Answers a ping, or with request id 0 a heartbeat.
    public static func pong(
        _ payload: RawSpan, requestID: UInt32, into output: inout MutableRawSpan
    ) -> Encoded {
        guard payload.byteCount <= WireLimits.pingPayload else { return .outOfLimits }
        return encode(.ping, .response, requestID: requestID, payload, into: &output)
    }

    public static func heartbeat(counter: UInt64, into output: inout MutableRawSpan) -> Encoded {
        let low = UInt32(truncatingIfNeeded: counter)
        return encode(
            .ping, [], requestID: 0, fields: .two(low, UInt32(truncatingIfNeeded: counter >> 32)), into: &output)
    }

    public static func echo(_ payload: RawSpan, requestID: UInt32, into output: inout MutableRawSpan) -> Encoded {
        guard requestID != 0 else { return .outOfLimits }
        return encode(.echo, [], requestID: requestID, payload, into: &output)
    }

    public static func echoAnswer(
        _ payload: RawSpan, requestID: UInt32, into output: inout MutableRawSpan
    ) -> Encoded {
        encode(.echo, .response, requestID: requestID, payload, into: &output)
    }

    /// - Parameter text: truncated to 512 bytes, at the end of a character.
    public static func goodbye(
        _ reason: GoodbyeReason, graceMilliseconds: UInt32, text: RawSpan, into output: inout MutableRawSpan
    ) -> Encoded {
        guard reason.rawValue != 0, let end = text.endOfMessage else { return .outOfLimits }
        return encode(
            .goodbye, [], requestID: 0, fields: .two(UInt32(reason.rawValue), graceMilliseconds),
            text.extracting(0..<end), into: &output)
    }
}
