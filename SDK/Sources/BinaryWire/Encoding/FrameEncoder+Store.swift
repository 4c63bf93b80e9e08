extension FrameEncoder {
    public static func get(key: RawSpan, requestID: UInt32, into output: inout MutableRawSpan) -> Encoded {
        guard requestID != 0, WireLimits.allows(keyBytes: key.byteCount) else { return .outOfLimits }
        return encode(.get, [], requestID: requestID, key, into: &output)
    }

    public static func getAnswer(
        value: RawSpan, requestID: UInt32, into output: inout MutableRawSpan
    ) -> Encoded {
        guard value.byteCount <= WireLimits.valueBytes else { return .outOfLimits }
        return encode(.get, .response, requestID: requestID, fields: .one(1), value, into: &output)
    }

    public static func getAnswerNotFound(requestID: UInt32, into output: inout MutableRawSpan) -> Encoded {
        encode(.get, .response, requestID: requestID, fields: .one(0), into: &output)
    }

    public static func put(
        key: RawSpan, value: RawSpan, requestID: UInt32, into output: inout MutableRawSpan
    ) -> Encoded {
        guard requestID != 0, WireLimits.allows(keyBytes: key.byteCount), value.byteCount <= WireLimits.valueBytes
        else { return .outOfLimits }
        return encode(
            .put, [], requestID: requestID, fields: .one(UInt32(key.byteCount)), key, value, into: &output)
    }

    public static func putAnswer(created: Bool, requestID: UInt32, into output: inout MutableRawSpan) -> Encoded {
        encode(.put, .response, requestID: requestID, fields: .one(created ? 1 : 0), into: &output)
    }

    public static func delete(key: RawSpan, requestID: UInt32, into output: inout MutableRawSpan) -> Encoded {
        guard requestID != 0, WireLimits.allows(keyBytes: key.byteCount) else { return .outOfLimits }
        return encode(.delete, [], requestID: requestID, key, into: &output)
    }

    public static func deleteAnswer(
        existed: Bool, requestID: UInt32, into output: inout MutableRawSpan
    ) -> Encoded {
        encode(.delete, .response, requestID: requestID, fields: .one(existed ? 1 : 0), into: &output)
    }

    public static func scan(
        prefix: RawSpan, startAfter: RawSpan, limit: Int, requestID: UInt32, into output: inout MutableRawSpan
    ) -> Encoded {
        guard requestID != 0, 1...WireLimits.scanEntries ~= limit, prefix.byteCount <= WireLimits.keyBytes,
            startAfter.byteCount <= WireLimits.keyBytes
        else { return .outOfLimits }
        let lengths = FixedFields.pair(UInt16(prefix.byteCount), UInt16(startAfter.byteCount))
        return encode(
            .scan, [], requestID: requestID, fields: .two(UInt32(limit), lengths), prefix, startAfter,
            into: &output)
    }
}
