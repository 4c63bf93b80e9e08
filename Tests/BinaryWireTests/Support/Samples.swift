@testable import BinaryWire

/// The frames of the document's conversation, made by the encoder.
enum Samples {
    static let settings = ServerSettings()!

    static let all: [(name: String, bytes: [UInt8])] =
        [
            ("hello", hello), ("hello-answer", helloAnswer),
            ("put", encoded { .put("sensor/1", "21.5", 2, &$0) }),
            ("put-answer", encoded { FrameEncoder.putAnswer(created: true, requestID: 2, into: &$0) }),
            ("get", encoded { FrameEncoder.get(key: utf8("sensor/1").span.bytes, requestID: 3, into: &$0) }),
            (
                "get-answer",
                encoded { FrameEncoder.getAnswer(value: utf8("21.5").span.bytes, requestID: 3, into: &$0) }
            ),
            ("get-answer-not-found", encoded { FrameEncoder.getAnswerNotFound(requestID: 3, into: &$0) }),
            ("scan", scan), ("scan-answer", scanAnswer),
            ("delete", encoded { FrameEncoder.delete(key: utf8("sensor/1").span.bytes, requestID: 5, into: &$0) }),
            ("delete-answer", encoded { FrameEncoder.deleteAnswer(existed: true, requestID: 5, into: &$0) }),
            ("echo", encoded { FrameEncoder.echo(utf8("hi").span.bytes, requestID: 6, into: &$0) }),
            ("echo-answer", encoded { FrameEncoder.echoAnswer(utf8("hi").span.bytes, requestID: 6, into: &$0) }),
            ("ping", encoded { FrameEncoder.ping(([1, 2, 3] as [UInt8]).span.bytes, requestID: 7, into: &$0) }),
            ("ping-answer", encoded { FrameEncoder.pong(([1, 2, 3] as [UInt8]).span.bytes, requestID: 7, into: &$0) }),
            ("heartbeat", encoded { FrameEncoder.heartbeat(counter: 1, into: &$0) }),
            (
                "heartbeat-answer",
                encoded { FrameEncoder.pong(littleEndian(UInt64(1)).span.bytes, requestID: 0, into: &$0) }
            ),
            (
                "failure",
                encoded {
                    FrameEncoder.failure(
                        .invalidKey, of: .get, requestID: 8, text: utf8("key is empty").span.bytes, into: &$0)
                }
            ),
        ] + versions + watches + [("fatal-error", fatalError), ("goodbye", goodbye)]

    static func named(_ name: String) -> [UInt8] { all.first { $0.name == name }!.bytes }

    static let hello = encoded {
        FrameEncoder.hello(
            maximumPayload: 1_052_672, name: utf8("probe").span.bytes, requestID: 1, into: &$0)
    }

    static let helloAnswer = encoded {
        FrameEncoder.helloAnswer(settings: settings, name: utf8("martlet").span.bytes, requestID: 1, into: &$0)
    }

    private static let scan = encoded {
        FrameEncoder.scan(
            prefix: utf8("sensor/").span.bytes, startAfter: utf8("sensor/0").span.bytes, limit: 2, requestID: 4,
            into: &$0)
    }

    private static let scanAnswer = encoded { output in
        var writer = ScanAnswerWriter(limit: 2, maximumPayload: 4_096)
        _ = writer.append(key: utf8("sensor/1").span.bytes, value: utf8("21.5").span.bytes, into: &output)
        _ = writer.append(key: utf8("sensor/2").span.bytes, value: utf8("19").span.bytes, into: &output)
        return writer.finish(more: true, requestID: 4, into: &output)
    }

    private static let fatalError = encoded {
        FrameEncoder.error(
            Refusal(untrusted: .corruptHeader, available: 0), text: utf8("header check does not match").span.bytes,
            into: &$0)
    }

    private static let goodbye = encoded {
        FrameEncoder.goodbye(.draining, graceMilliseconds: 5_000, text: utf8("bye").span.bytes, into: &$0)
    }
}

extension Encoded {
    fileprivate static func put(
        _ key: String, _ value: String, _ id: UInt32, _ output: inout MutableRawSpan
    ) -> Encoded {
        FrameEncoder.put(key: utf8(key).span.bytes, value: utf8(value).span.bytes, requestID: id, into: &output)
    }
}
