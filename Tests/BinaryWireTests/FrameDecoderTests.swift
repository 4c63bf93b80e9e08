import Testing

@testable import BinaryWire

@Suite struct FrameDecoderTests {
    @Test func asksForTheHeaderThenForTheFrame() {
        let bytes = Samples.named("echo")
        for count in 0..<24 { #expect(decode(Array(bytes.prefix(count))) == .needMore(total: 24)) }
        for count in 24..<26 { #expect(decode(Array(bytes.prefix(count))) == .needMore(total: 26)) }
    }

    @Test func readsAFrameThatIsNotAtTheStart() {
        guard case .frame(let frame) = decode([1, 2, 3] + Samples.named("echo") + [9], from: 3) else {
            Issue.record("no frame")
            return
        }
        #expect(frame.payload == 27..<29)
        #expect(frame.opcode == .echo)
        #expect(frame.header.requestID == 6)
    }

    @Test func findsTheSameFramesWhereverTheStreamIsSplit() {
        let stream = Samples.all.flatMap(\.bytes)
        let (whole, rest) = frames(in: stream)
        #expect(whole.count == Samples.all.count && rest.isEmpty)
        for split in 0...stream.count {
            // Bytes that the first part leaves are passed again with the second part appended, as the host does.
            let (early, unconsumed) = frames(in: Array(stream[..<split]))
            let (late, nothing) = frames(in: unconsumed + stream[split...])
            #expect(early + late == whole && nothing.isEmpty, "split at \(split)")
        }
    }

    @Test func findsTheSameFramesWhenBytesArriveOneByOne() {
        let stream = Samples.all.flatMap(\.bytes)
        var found: [[UInt8]] = []
        var buffer: [UInt8] = []
        for byte in stream {
            let (more, unconsumed) = frames(in: buffer + [byte])
            found += more
            buffer = unconsumed
        }
        #expect(found == Samples.all.map(\.bytes))
    }

    @Test func refusesAnotherProtocolAtItsFirstByte() {
        for text in ["G", "GET / HTTP/1.1", "\u{16}\u{3}\u{1}"] {
            guard case .refused(let refusal) = decode(utf8(text)) else {
                Issue.record("took \(text)")
                continue
            }
            #expect(refusal == Refusal(untrusted: .badMagic, available: text.utf8.count))
        }
    }

    @Test func refusesACorruptLengthAtOnce() {
        var bytes = Array(Samples.named("echo").prefix(24))
        bytes[15] = 0x7F
        #expect(decode(bytes) == .refused(Refusal(untrusted: .corruptHeader, available: 24)))
    }

    @Test func refusesAnOversizedFrameWithoutItsPayload() {
        let bytes = Array(RawFrame(requestID: 9, claimedLength: .max).bytes.prefix(24))
        let expected = Refusal(.payloadTooLarge, closes: true, requestID: 9, opcode: 0x10, bytesToSkip: 24)
        #expect(decode(bytes) == .refused(expected))
        let exact = RawFrame(payload: [UInt8](repeating: 7, count: 100)).bytes
        guard case .frame = decode(exact, maximumPayload: 100), case .refused = decode(exact, maximumPayload: 99) else {
            Issue.record("the limit is off by one")
            return
        }
    }

    @Test(arguments: [
        (RawFrame(version: 2), ErrorCode.unsupportedVersion, true), (RawFrame(version: 0), .unsupportedVersion, true),
        (RawFrame(flags: 2), .invalidFlags, false), (RawFrame(flags: 0x8000), .invalidFlags, false),
        (RawFrame(opcode: 0), .unknownOpcode, false), (RawFrame(opcode: 0xFF), .unknownOpcode, false),
        (RawFrame(opcode: 0xFF, requestID: 0), .unknownOpcode, true),
        (RawFrame(opcode: 0xFF, flags: 1), .unknownOpcode, true),
    ])
    func refusesAndNamesTheOutcome(frame: RawFrame, code: ErrorCode, closes: Bool) {
        let bytes = frame.bytes + [1, 2, 3]
        let isRequest = frame.flags & 1 == 0
        let expected = Refusal(
            code, closes: closes, requestID: isRequest ? frame.requestID : 0, opcode: frame.opcode,
            bytesToSkip: closes ? bytes.count : bytes.count - 3)
        #expect(decode(bytes) == .refused(expected))
    }

    @Test func continuesAfterARequestWithACorruptPayload() {
        var bytes = Samples.named("echo")
        bytes[25] ^= 1
        let expected = Refusal(.corruptFrame, closes: false, requestID: 6, opcode: 0x10, bytesToSkip: 26)
        #expect(decode(bytes + Samples.named("ping")) == .refused(expected))
    }

    private func frames(in bytes: [UInt8]) -> (found: [[UInt8]], unconsumed: [UInt8]) {
        var found: [[UInt8]] = []
        var start = 0
        while case .frame(let frame) = decode(bytes, from: start) {
            found.append(Array(bytes[start..<frame.payload.upperBound]))
            start = frame.payload.upperBound
        }
        return (found, Array(bytes[start...]))
    }
}
