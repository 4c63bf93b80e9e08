/// Builds a scan answer entry by entry in the caller's memory, straight from the store, without knowing how many will
/// fit.
///
/// The output must be the same memory for every call, from its start.
public struct ScanAnswerWriter {
    public private(set) var count = 0
    private let limit: Int
    private let maximumFrameBytes: Int
    private var end = WireLimits.headerBytes + ScanAnswer.fixedBytes

    /// - Parameters:
    ///   - limit: the limit in the request.
    ///   - maximumPayload: the largest payload that the client accepts, from its hello.
    public init(limit: Int, maximumPayload: UInt32) {
        self.limit = min(limit, WireLimits.scanEntries)
        maximumFrameBytes = WireLimits.headerBytes + Int(maximumPayload)
    }

    public static var emptyAnswerBytes: Int { WireLimits.headerBytes + ScanAnswer.fixedBytes }

    /// The size of an answer with this one entry.
    public static func answerBytes(keyBytes: Int, valueBytes: Int) -> Int {
        emptyAnswerBytes + ScanEntry.fixedBytes + keyBytes + valueBytes
    }

    /// Returns false when the entry does not fit, because of the limit, the client's maximum payload or the output. Then call
    /// `finish` with `more: true`. If there is no entry yet, answer with the failure `answerTooLarge` (or the output was too
    /// small).
    public mutating func append(key: RawSpan, value: RawSpan, into output: inout MutableRawSpan) -> Bool {
        guard count < limit, WireLimits.allows(keyBytes: key.byteCount), value.byteCount <= WireLimits.valueBytes
        else { return false }
        let keyStart = end + ScanEntry.fixedBytes
        let valueStart = keyStart + key.byteCount
        let entryEnd = valueStart + value.byteCount
        guard entryEnd <= min(maximumFrameBytes, output.byteCount) else { return false }
        output.store(UInt32(key.byteCount), at: end)
        output.store(UInt32(value.byteCount), at: end + 4)
        output.copy(key, at: keyStart)
        output.copy(value, at: valueStart)
        end = entryEnd
        count += 1
        return true
    }

    /// Writes the header and the counts before the entries.
    public func finish(more: Bool, requestID: UInt32, into output: inout MutableRawSpan) -> Encoded {
        guard count > 0 || !more else { return .outOfLimits }
        guard output.byteCount >= end else { return .needs(end) }
        output.store(UInt32(count), at: WireLimits.headerBytes)
        output.store(UInt32(more ? 1 : 0), at: WireLimits.headerBytes + 4)
        let payloadBytes = UInt32(end - WireLimits.headerBytes)
        FrameHeader(opcode: .scan, flags: .response, requestID: requestID, payloadLength: payloadBytes).seal(&output)
        return .written(end)
    }
}
