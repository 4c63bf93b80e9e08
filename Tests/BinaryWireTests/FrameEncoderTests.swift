import Testing

@testable import BinaryWire

@Suite struct FrameEncoderTests {
    @Test func reportsHowManyBytesItNeedsAndWritesNothing() {
        let sample = Samples.named("put")
        for count in 0..<sample.count {
            var output = [UInt8](repeating: 0xEE, count: count)
            #expect(put(into: &output) == .needs(sample.count))
            #expect(output.allSatisfy { $0 == 0xEE })
        }
        var exact = [UInt8](repeating: 0xEE, count: sample.count + 5)
        #expect(put(into: &exact) == .written(sample.count))
        #expect(Array(exact.prefix(sample.count)) == sample && exact.suffix(5).allSatisfy { $0 == 0xEE })
    }

    @Test func refusesArgumentsBeyondTheLimits() {
        let key513 = [UInt8](repeating: 1, count: 513)
        #expect(!isEncoded { FrameEncoder.get(key: key513.span.bytes, requestID: 1, into: &$0) })
        #expect(!isEncoded { FrameEncoder.get(key: RawSpan(), requestID: 1, into: &$0) })
        #expect(!isEncoded { FrameEncoder.echo(RawSpan(), requestID: 0, into: &$0) })
        #expect(!isEncoded { FrameEncoder.ping(key513.span.bytes, requestID: 1, into: &$0) })
        #expect(
            !isEncoded {
                FrameEncoder.scan(prefix: RawSpan(), startAfter: RawSpan(), limit: 0, requestID: 1, into: &$0)
            })
        #expect(!isEncoded { FrameEncoder.hello(maximumPayload: 1, name: RawSpan(), requestID: 1, into: &$0) })
        let huge = [UInt8](repeating: 0, count: WireLimits.largestMaximumPayload + 1)
        #expect(!isEncoded { FrameEncoder.echo(huge.span.bytes, requestID: 1, into: &$0) })
    }

    @Test func truncatesALongMessageAtACharacter() throws {
        for padding in 0..<4 {
            let text = utf8(String(repeating: "x", count: 508 + padding) + String(repeating: "é", count: 20))
            let bytes = encoded {
                FrameEncoder.failure(.busy, of: .get, requestID: 1, text: text.span.bytes, into: &$0)
            }
            let report = try read(Array(bytes[24...]), ErrorReport.init).get()
            #expect(report.text.count == (padding % 2 == 0 ? 512 : 511))
        }
        let notText: [UInt8] = [0xFF, 0xFE]
        #expect(!isEncoded { FrameEncoder.failure(.busy, of: .get, requestID: 1, text: notText.span.bytes, into: &$0) })
    }

    @Test func packsScanEntriesUntilTheClientsLimit() throws {
        let value = [UInt8](repeating: 7, count: 1_000)
        let bytes = encoded { output in
            guard output.byteCount >= 5_000 else { return .needs(5_000) }
            var writer = ScanAnswerWriter(limit: 100, maximumPayload: 4_096)
            for key in 0..<100 as Range<UInt8> {
                let key = [key]
                if !writer.append(key: key.span.bytes, value: value.span.bytes, into: &output) { break }
            }
            return writer.finish(more: true, requestID: 1, into: &output)
        }
        let answer = try read(Array(bytes[24...]), ScanAnswer.init).get()
        #expect(answer.count == 4 && answer.more)
        #expect(bytes.count == ScanAnswerWriter.emptyAnswerBytes + 4 * (8 + 1 + 1_000))
    }

    @Test func stopsAScanAnswerAtTheLimitOfTheRequest() {
        var output = [UInt8](repeating: 0, count: 200)
        var elements = output.mutableSpan
        var span = elements.mutableBytes
        var writer = ScanAnswerWriter(limit: 1, maximumPayload: 4_096)
        let (first, second) = (utf8("a"), utf8("b"))
        let tookFirst = writer.append(key: first.span.bytes, value: RawSpan(), into: &span)
        let tookSecond = writer.append(key: second.span.bytes, value: RawSpan(), into: &span)
        let result = writer.finish(more: true, requestID: 1, into: &span)
        #expect(tookFirst && !tookSecond)
        #expect(result == .written(ScanAnswerWriter.answerBytes(keyBytes: 1, valueBytes: 0)))
    }

    private func put(into output: inout [UInt8]) -> Encoded {
        let (key, value) = (utf8("sensor/1"), utf8("21.5"))
        var elements = output.mutableSpan
        var span = elements.mutableBytes
        return FrameEncoder.put(key: key.span.bytes, value: value.span.bytes, requestID: 2, into: &span)
    }

    private func isEncoded(_ encode: (inout MutableRawSpan) -> Encoded) -> Bool {
        FrameEncoder.array(encode) != nil
    }
}
