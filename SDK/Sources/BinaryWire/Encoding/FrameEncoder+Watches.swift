extension FrameEncoder {
    /// - Parameter name: a key or a prefix.
    public static func watch(
        _ kind: WatchKind, _ name: RawSpan, requestID: UInt32, into output: inout MutableRawSpan
    ) -> Encoded {
        guard requestID != 0, kind.allows(nameBytes: name.byteCount) else { return .outOfLimits }
        return encode(
            .watch, [], requestID: requestID,
            fields: .two(0, FixedFields.pair(kind.rawValue, UInt16(name.byteCount))), name, into: &output)
    }

    public static func watchAnswer(
        _ watch: UInt32, requestID: UInt32, into output: inout MutableRawSpan
    ) -> Encoded {
        guard watch != 0 else { return .outOfLimits }
        return encode(.watch, .response, requestID: requestID, fields: .two(watch, 0), into: &output)
    }

    public static func unwatch(_ watch: UInt32, requestID: UInt32, into output: inout MutableRawSpan) -> Encoded {
        guard requestID != 0, watch != 0 else { return .outOfLimits }
        return encode(.unwatch, [], requestID: requestID, fields: .two(watch, 0), into: &output)
    }

    public static func unwatchAnswer(
        existed: Bool, requestID: UInt32, into output: inout MutableRawSpan
    ) -> Encoded {
        encode(.unwatch, .response, requestID: requestID, fields: .one(existed ? 1 : 0), into: &output)
    }

    /// The largest notice of a change.
    public static var largestChangeBytes: Int {
        WireLimits.headerBytes + ChangeNotice.fixedBytes + WireLimits.keyBytes
    }

    /// - Parameters:
    ///   - version: of a put; otherwise 0.
    ///   - key: empty if changes were lost.
    public static func changed(
        _ kind: ChangeKind, watch: UInt32, version: UInt64 = 0, key: RawSpan = RawSpan(),
        into output: inout MutableRawSpan
    ) -> Encoded {
        guard watch != 0, (version > 0) == (kind == .put),
            kind == .lost ? key.byteCount == 0 : WireLimits.allows(keyBytes: key.byteCount)
        else { return .outOfLimits }
        return encode(
            .changed, [], requestID: 0,
            fields: .four(
                watch, FixedFields.pair(UInt16(kind.rawValue), UInt16(key.byteCount)),
                UInt32(truncatingIfNeeded: version), UInt32(truncatingIfNeeded: version >> 32)),
            key, into: &output)
    }
}
