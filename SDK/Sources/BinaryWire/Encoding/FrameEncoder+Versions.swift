extension FrameEncoder {
    public static func read(key: RawSpan, requestID: UInt32, into output: inout MutableRawSpan) -> Encoded {
        guard requestID != 0, WireLimits.allows(keyBytes: key.byteCount) else { return .outOfLimits }
        return encode(.read, [], requestID: requestID, key, into: &output)
    }

    /// - Parameters:
    ///   - version: above 0.
    ///   - timeToLiveMilliseconds: 0: the key does not expire.
    public static func readAnswer(
        value: RawSpan, version: UInt64, timeToLiveMilliseconds: UInt64 = 0, requestID: UInt32,
        into output: inout MutableRawSpan
    ) -> Encoded {
        guard value.byteCount <= WireLimits.valueBytes, version > 0 else { return .outOfLimits }
        return encode(
            .read, .response, requestID: requestID, fields: .threeLong(1, version, timeToLiveMilliseconds), value,
            into: &output)
    }

    public static func readAnswerNotFound(requestID: UInt32, into output: inout MutableRawSpan) -> Encoded {
        encode(.read, .response, requestID: requestID, fields: .threeLong(0, 0, 0), into: &output)
    }

    public static func write(
        _ rule: WriteRule, key: RawSpan, value: RawSpan, requestID: UInt32, into output: inout MutableRawSpan
    ) -> Encoded {
        guard requestID != 0, rule.allows(keyBytes: key.byteCount, valueBytes: value.byteCount) else {
            return .outOfLimits
        }
        let fields = rule.fields(keyBytes: key.byteCount, valueBytes: value.byteCount)
        return encode(.write, [], requestID: requestID, fields: fields, key, value, into: &output)
    }

    public static func writeAnswer(
        _ answer: WriteAnswer, requestID: UInt32, into output: inout MutableRawSpan
    ) -> Encoded {
        encode(
            .write, .response, requestID: requestID,
            fields: .four(
                answer.isDone ? 0 : 1, answer.existed ? 1 : 0, UInt32(truncatingIfNeeded: answer.version),
                UInt32(truncatingIfNeeded: answer.version >> 32)),
            into: &output)
    }

    /// - Parameter versions: of all writes, in their order; 0 for a delete.
    public static func batchAnswer(
        versions: Span<UInt64>, requestID: UInt32, into output: inout MutableRawSpan
    ) -> Encoded {
        guard 1...WireLimits.batchWrites ~= versions.count else { return .outOfLimits }
        let payloadBytes = BatchAnswer.payloadBytes(versions: versions.count)
        let frameBytes = WireLimits.headerBytes + payloadBytes
        guard output.byteCount >= frameBytes else { return .needs(frameBytes) }
        FixedFields.two(0, 0).store(in: &output, at: WireLimits.headerBytes)
        for index in versions.indices {
            output.store(versions[index], at: WireLimits.headerBytes + BatchAnswer.fixedBytes + 8 * index)
        }
        FrameHeader(opcode: .batch, flags: .response, requestID: requestID, payloadLength: UInt32(payloadBytes))
            .seal(&output)
        return .written(frameBytes)
    }

    /// - Parameters:
    ///   - index: of the first write whose condition was not met, from 0.
    ///   - version: the one that its key has; 0: there is no such key.
    public static func batchAnswerNotMet(
        index: Int, version: UInt64, requestID: UInt32, into output: inout MutableRawSpan
    ) -> Encoded {
        guard 0..<WireLimits.batchWrites ~= index else { return .outOfLimits }
        return encode(
            .batch, .response, requestID: requestID,
            fields: .four(
                1, UInt32(index), UInt32(truncatingIfNeeded: version), UInt32(truncatingIfNeeded: version >> 32)),
            into: &output)
    }
}
