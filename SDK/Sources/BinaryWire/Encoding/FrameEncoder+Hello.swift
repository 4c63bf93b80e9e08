extension FrameEncoder {
    public static func hello(
        versions: ClosedRange<UInt8> = ProtocolVersion.current...ProtocolVersion.current, maximumPayload: UInt32,
        name: RawSpan, requestID: UInt32, into output: inout MutableRawSpan
    ) -> Encoded {
        guard requestID != 0, versions.lowerBound >= 1, name.isName(name.byteOffsets),
            WireLimits.allows(maximumPayload: maximumPayload)
        else { return .outOfLimits }
        let range = UInt16(versions.lowerBound) | UInt16(versions.upperBound) << 8
        return encode(
            .hello, [], requestID: requestID,
            fields: .two(FixedFields.pair(range, UInt16(name.byteCount)), maximumPayload), name, into: &output)
    }

    public static func helloAnswer(
        version: UInt8 = ProtocolVersion.current, settings: ServerSettings, name: RawSpan, requestID: UInt32,
        into output: inout MutableRawSpan
    ) -> Encoded {
        guard name.isName(name.byteOffsets) else { return .outOfLimits }
        return encode(
            .hello, .response, requestID: requestID,
            fields: .four(
                FixedFields.pair(UInt16(version), UInt16(name.byteCount)), settings.maximumPayload,
                settings.heartbeatMilliseconds, UInt32(settings.unansweredHeartbeats)),
            name, into: &output)
    }
}
