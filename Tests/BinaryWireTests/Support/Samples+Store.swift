@testable import BinaryWire

extension Samples {
    private static let key = utf8("sensor/3")
    private static let version: UInt64 = 1_700_000_000_000_000

    static let versions: [(name: String, bytes: [UInt8])] = [
        (
            "write",
            encoded {
                FrameEncoder.write(
                    WriteRule(.put, if: .absent, timeToLiveMilliseconds: 60_000), key: key.span.bytes,
                    value: utf8("22").span.bytes, requestID: 9, into: &$0)
            }
        ),
        ("write-answer", writeAnswer(WriteAnswer(isDone: true, existed: false, version: version))),
        ("write-answer-not-met", writeAnswer(WriteAnswer(isDone: false, existed: true, version: version - 1))),
        ("read", encoded { FrameEncoder.read(key: key.span.bytes, requestID: 10, into: &$0) }),
        (
            "read-answer",
            encoded {
                FrameEncoder.readAnswer(
                    value: utf8("22").span.bytes, version: version, timeToLiveMilliseconds: 59_000, requestID: 10,
                    into: &$0)
            }
        ),
        ("read-answer-not-found", encoded { FrameEncoder.readAnswerNotFound(requestID: 10, into: &$0) }),
    ]

    static let watches: [(name: String, bytes: [UInt8])] = [
        (
            "watch",
            encoded { FrameEncoder.watch(.prefix, utf8("sensor/").span.bytes, requestID: 11, into: &$0) }
        ),
        ("watch-answer", encoded { FrameEncoder.watchAnswer(1, requestID: 11, into: &$0) }),
        ("batch", batch),
        (
            "batch-answer",
            encoded { FrameEncoder.batchAnswer(versions: [version + 1, 0].span, requestID: 12, into: &$0) }
        ),
        (
            "batch-answer-not-met",
            encoded { FrameEncoder.batchAnswerNotMet(index: 0, version: 0, requestID: 12, into: &$0) }
        ),
        (
            "changed",
            encoded {
                FrameEncoder.changed(.put, watch: 1, version: version + 1, key: key.span.bytes, into: &$0)
            }
        ),
        (
            "changed-deleted",
            encoded { FrameEncoder.changed(.deleted, watch: 1, key: utf8("sensor/2").span.bytes, into: &$0) }
        ),
        ("unwatch", encoded { FrameEncoder.unwatch(1, requestID: 13, into: &$0) }),
        ("unwatch-answer", encoded { FrameEncoder.unwatchAnswer(existed: true, requestID: 13, into: &$0) }),
    ]

    private static func writeAnswer(_ answer: WriteAnswer) -> [UInt8] {
        encoded { FrameEncoder.writeAnswer(answer, requestID: 9, into: &$0) }
    }

    private static let batch = encoded { output in
        guard output.byteCount >= 200 else { return .needs(200) }
        var writer = BatchWriter()
        _ = writer.append(
            WriteRule(.put, if: .version(version)), key: key.span.bytes, value: utf8("23").span.bytes, into: &output)
        _ = writer.append(WriteRule(.delete), key: utf8("sensor/2").span.bytes, value: RawSpan(), into: &output)
        return writer.finish(requestID: 12, into: &output)
    }
}
