import Testing

@testable import BinaryWire

@Suite struct ClientSessionTests {
    var client = ClientSession(name: "probe", maximumInFlight: 4)

    @Test mutating func beginsWithAHello() throws {
        #expect(refusal { (client) throws(RequestRefusal) in try client.ping() } == .helloNotSent)
        #expect(try client.hello().bytes == Samples.hello)
        #expect(refusal { (client) throws(RequestRefusal) in try client.hello() } == .helloSentAlready)
        guard case .opened(let answer) = client.next(Samples.helloAnswer).event else {
            Issue.record("did not open")
            return
        }
        #expect(answer.heartbeatMilliseconds == 30_000 && client.isOpen && client.inFlight == 0)
    }

    @Test mutating func matchesAnswersInAnyOrder() throws {
        try open()
        let put = try client.put(key: utf8("k"), value: utf8("v"))
        let get = try client.get(key: utf8("k"))
        let delete = try client.delete(key: utf8("k"))
        let existed = encoded { FrameEncoder.deleteAnswer(existed: true, requestID: delete.requestID, into: &$0) }
        let value = encoded {
            FrameEncoder.getAnswer(value: utf8("v").span.bytes, requestID: get.requestID, into: &$0)
        }
        let created = encoded { FrameEncoder.putAnswer(created: true, requestID: put.requestID, into: &$0) }
        #expect(client.next(existed).event == .answer(.delete(existed: true), requestID: delete.requestID))
        #expect(client.next(value).event == .answer(.value(28..<29), requestID: get.requestID))
        #expect(client.next(created).event == .answer(.put(created: true), requestID: put.requestID))
        #expect(client.inFlight == 0)
        #expect(client.next(created).event == .violation(.answerWithoutRequest(put.requestID)))
        #expect(client.isClosed && client.next(created).event == .discarded)
    }

    @Test mutating func answersHeartbeats() throws {
        try open()
        #expect(client.next(Samples.named("heartbeat")).event == .send(Samples.named("heartbeat-answer")))
    }

    @Test mutating func limitsTheRequestsInFlight() throws {
        try open()
        var ids: [UInt32] = []
        for _ in 0..<4 { ids.append(try client.ping().requestID) }
        #expect(refusal { (client) throws(RequestRefusal) in try client.ping() } == .tooManyInFlight)
        // Slow requests keep their slots, however often another request is answered and sent again.
        for _ in 0..<20 {
            let answer = encoded { FrameEncoder.pong(RawSpan(), requestID: ids[1], into: &$0) }
            #expect(client.next(answer).event == .answer(.pong(24..<24), requestID: ids[1]))
            ids[1] = try client.ping().requestID
        }
        #expect(Set(ids).count == 4 && client.inFlight == 4)
    }

    @Test mutating func refusesRequestsBeyondTheLimits() throws {
        _ = try client.hello()
        #expect(
            refusal { (client) throws(RequestRefusal) in try client.echo([UInt8](repeating: 0, count: 4_097)) }
                == .payloadTooLarge(limit: 4_096))
        #expect(refusal { (client) throws(RequestRefusal) in try client.get(key: []) } == .outOfLimits)
    }

    @Test mutating func finishesAfterAGoodbye() throws {
        try open()
        let ping = try client.ping()
        guard case .goodbye(let goodbye) = client.next(Samples.named("goodbye")).event else {
            Issue.record("no goodbye")
            return
        }
        #expect(goodbye.reason == .draining && goodbye.graceMilliseconds == 5_000 && !client.mayClose)
        #expect(refusal { (client) throws(RequestRefusal) in try client.ping() } == .goodbyeReceived)
        _ = client.next(encoded { FrameEncoder.pong(RawSpan(), requestID: ping.requestID, into: &$0) })
        #expect(client.mayClose && client.ended(unconsumedBytes: 0) == nil)
    }

    @Test mutating func reportsFailuresAndFatalErrors() throws {
        try open()
        let get = try client.get(key: utf8("k"))
        let failure = encoded { FrameEncoder.failure(.busy, of: .get, requestID: get.requestID, into: &$0) }
        guard case .answer(.failed(let report), get.requestID) = client.next(failure).event else {
            Issue.record("no failure")
            return
        }
        #expect(report.code == .busy && !report.closes && client.inFlight == 0)
        guard case .closed(let fatal, requestID: 0) = client.next(Samples.named("fatal-error")).event else {
            Issue.record("no fatal error")
            return
        }
        #expect(fatal.code == .corruptHeader && client.isClosed)
    }

    @Test(arguments: [
        ("echo", ProtocolViolation.unexpected(.echo)), ("echo-answer", .answerWithoutRequest(6)),
        ("failure", .answerWithoutRequest(8)), ("hello", .unexpected(.hello)),
        ("heartbeat-answer", .answerWithoutRequest(0)),
    ])
    mutating func noticesAServerThatBreaksTheProtocol(name: String, violation: ProtocolViolation) throws {
        try open()
        let bytes = Samples.named(name)
        #expect(client.next(bytes) == ClientStep(event: .violation(violation), consumed: bytes.count))
    }

    @Test mutating func noticesAnAnswerToAnotherRequest() throws {
        try open()
        let get = try client.get(key: utf8("k"))
        let answer = encoded { FrameEncoder.putAnswer(created: true, requestID: get.requestID, into: &$0) }
        let expected = ProtocolViolation.wrongAnswer(requestID: get.requestID, asked: .get, answered: .put)
        #expect(client.next(answer).event == .violation(expected))
    }

    @Test mutating func noticesMalformedAnswersAndFrames() throws {
        try open()
        var copy = client
        let put = try copy.put(key: utf8("k"), value: [])
        let bad = RawFrame(opcode: 0x21, flags: 1, requestID: put.requestID, payload: [2, 0, 0, 0])
        #expect(copy.next(bad.bytes).event == .violation(.malformedPayload(.put)))
        #expect(client.next(RawFrame(opcode: 0x99, flags: 1).bytes).event == .violation(.badFrame(.unknownOpcode)))
    }

    @Test mutating func noticesAnAnswerBeforeTheHello() throws {
        _ = try client.hello()
        let ping = try client.ping()
        let pong = encoded { FrameEncoder.pong(RawSpan(), requestID: ping.requestID, into: &$0) }
        #expect(client.next(pong).event == .violation(.unexpected(.ping)))
    }

    @Test mutating func noticesAStreamThatEndsTooEarly() throws {
        try open()
        _ = try client.ping()
        var copy = client
        #expect(copy.ended(unconsumedBytes: 3) == .truncatedFrame)
        #expect(client.ended(unconsumedBytes: 0) == .unanswered(1))
    }

    @Test mutating func treatsASilentServerAsLost() throws {
        try open()
        #expect(!client.serverIsLost(nowMilliseconds: 120_000))
        #expect(client.serverIsLost(nowMilliseconds: 120_001))
        _ = client.next(Samples.named("heartbeat"), at: 100_000)
        #expect(!client.serverIsLost(nowMilliseconds: 220_000))
    }

    private func refusal(
        _ request: (inout ClientSession) throws(RequestRefusal) -> ClientRequest
    ) -> RequestRefusal? {
        var copy = client
        do throws(RequestRefusal) {
            _ = try request(&copy)
            return nil
        } catch {
            return error
        }
    }

    private mutating func open() throws {
        _ = try client.hello()
        _ = client.next(Samples.helloAnswer)
    }
}
