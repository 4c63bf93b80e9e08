import Testing

@testable import BinaryWire

@Suite struct ServerSessionTests {
    var session = ServerSession(settings: Samples.settings, nowMilliseconds: 0)

    @Test func isSmall() {
        #expect(MemoryLayout<ServerSession>.stride == 32)
    }

    @Test mutating func opensWithAHello() throws {
        let step = session.next(Samples.hello)
        guard case .hello(let hello, requestID: 1) = step.event else {
            Issue.record("\(step)")
            return
        }
        #expect(step.consumed == Samples.hello.count && session.isOpen)
        #expect(session.clientMaximumPayload == 1_052_672 && hello.name == 32..<37)
    }

    @Test mutating func servesRequestsThatFollowTheHelloAtOnce() {
        let stream = Samples.hello + Samples.named("get") + Samples.named("ping")
        let first = session.next(stream)
        let second = session.next(stream, from: first.consumed)
        #expect(second.event == .request(.get(key: 61..<69), requestID: 3))
        let third = session.next(stream, from: first.consumed + second.consumed)
        #expect(third.event == .request(.ping(93..<96), requestID: 7))
        #expect(session.next([]).event == .needMore(total: 24))
    }

    @Test(arguments: ["get", "ping", "heartbeat-answer", "goodbye", "hello-answer"])
    mutating func allowsNothingBeforeTheHello(name: String) {
        let bytes = Samples.named(name)
        guard case .refused(let refusal) = session.next(bytes + [1]).event else {
            Issue.record("took \(name) before the hello")
            return
        }
        #expect(refusal.closes && refusal.bytesToSkip == bytes.count + 1 && session.isClosing)
    }

    @Test mutating func closesOnAFaultyHelloWhateverTheFault() {
        let corrupt = RawFrame(opcode: 0xFF, requestID: 5)
        let expected = Refusal(.unknownOpcode, closes: true, requestID: 5, opcode: 0xFF, bytesToSkip: 24)
        #expect(session.next(corrupt.bytes) == ServerStep(event: .refused(expected), consumed: 24))
        #expect(session.next([1, 2]) == ServerStep(event: .discarded, consumed: 2))
    }

    @Test mutating func refusesVersionsItDoesNotSpeak() {
        let hello = encoded {
            FrameEncoder.hello(versions: 2...9, maximumPayload: 4_096, name: RawSpan(), requestID: 3, into: &$0)
        }
        let expected = Refusal(.unsupportedVersion, closes: true, requestID: 3, opcode: 1, bytesToSkip: hello.count)
        #expect(session.next(hello).event == .refused(expected))
    }

    @Test mutating func doesNotWaitForALargeHello() {
        let hello = RawFrame(opcode: 1, payload: [UInt8](repeating: 0, count: 1_025)).bytes
        #expect(code(session.next(Array(hello.prefix(24)))) == .payloadTooLarge)
    }

    @Test(arguments: [
        // (frame, code, does the connection close)
        (RawFrame(opcode: 0x20), ErrorCode.invalidKey, false),
        (RawFrame(opcode: 0x21, payload: [9]), .malformedPayload, false),
        (RawFrame(opcode: 0x7E), .unknownOpcode, false), (RawFrame(flags: 4), .invalidFlags, false),
        (RawFrame(opcode: 0x20, flags: 1), .invalidFlags, true), (RawFrame(requestID: 0), .invalidRequestID, true),
        (RawFrame(opcode: 1), .wrongState, true), (RawFrame(opcode: 3), .wrongState, true),
        (RawFrame(opcode: 4), .wrongState, true), (RawFrame(version: 2), .unsupportedVersion, true),
        (RawFrame(claimedLength: 1_052_673), .payloadTooLarge, true),
        (RawFrame(opcode: 2, flags: 1, requestID: 0, payload: [1]), .malformedPayload, true),
        (RawFrame(opcode: 2, flags: 1, requestID: 0, payload: littleEndian(UInt64(1))), .wrongState, true),
        (RawFrame(opcode: 2, flags: 1, requestID: 1), .invalidFlags, true),
    ])
    mutating func refusesWithADefinedOutcome(frame: RawFrame, expected: ErrorCode, closes: Bool) {
        _ = session.next(Samples.hello)
        let step = session.next(frame.bytes + Samples.named("ping"))
        #expect(code(step) == expected)
        #expect(session.isClosing == closes)
        if closes {
            #expect(step.consumed == frame.bytes.count + 27)
        } else {
            let next = session.next(frame.bytes + Samples.named("ping"), from: step.consumed)
            #expect(next.consumed == 27 && code(next) == nil)
        }
    }

    @Test mutating func refusesAnEchoThatTheClientCouldNotAccept() {
        let hello = encoded {
            FrameEncoder.hello(maximumPayload: 4_096, name: RawSpan(), requestID: 1, into: &$0)
        }
        _ = session.next(hello)
        #expect(code(session.next(RawFrame(payload: [UInt8](repeating: 1, count: 4_096)).bytes)) == nil)
        #expect(code(session.next(RawFrame(payload: [UInt8](repeating: 1, count: 4_097)).bytes)) == .answerTooLarge)
        #expect(session.allows(getAnswerValueBytes: 4_092) && !session.allows(getAnswerValueBytes: 4_093))
    }

    @Test mutating func servesWhileDraining() {
        #expect(session.beginDraining() == false)
        _ = session.next(Samples.hello)
        #expect(session.beginDraining() == true)
        #expect(session.beginDraining() == false)
        #expect(session.next(Samples.named("get")).event == .request(.get(key: 24..<32), requestID: 3))
    }

    @Test mutating func reportsAStreamThatEndsWithinAFrame() {
        _ = session.next(Samples.hello)
        #expect(session.ended(unconsumedBytes: 0) == nil)
        #expect(session.ended(unconsumedBytes: 5)?.code == .truncatedFrame)
        #expect(session.isClosing)
    }

    private func code(_ step: ServerStep) -> ErrorCode? {
        if case .refused(let refusal) = step.event { refusal.code } else { nil }
    }
}
