import Testing

@testable import BinaryWire

@Suite struct HeartbeatTests {
    var session = ServerSession(
        settings: ServerSettings(heartbeatMilliseconds: 1_000, unansweredHeartbeats: 2)!, nowMilliseconds: 50)

    @Test mutating func beginsWithTheHello() {
        #expect(session.tick(nowMilliseconds: 1_000_000) == .off)
        _ = session.next(Samples.hello, at: 100)
        #expect(session.tick(nowMilliseconds: 100) == .wait(untilMilliseconds: 1_100))
        #expect(session.tick(nowMilliseconds: 1_099) == .wait(untilMilliseconds: 1_100))
    }

    @Test mutating func closesAPeerThatStaysSilent() {
        _ = session.next(Samples.hello, at: 0)
        #expect(session.tick(nowMilliseconds: 1_000) == .send(counter: 1, nextMilliseconds: 2_000))
        #expect(session.tick(nowMilliseconds: 2_000) == .send(counter: 2, nextMilliseconds: 3_000))
        #expect(session.tick(nowMilliseconds: 2_999) == .wait(untilMilliseconds: 3_000))
        #expect(session.tick(nowMilliseconds: 3_000) == .timedOut)
        #expect(session.isClosing && session.tick(nowMilliseconds: 9_000) == .off)
    }

    @Test mutating func keepsAPeerThatAnswers() {
        _ = session.next(Samples.hello, at: 0)
        #expect(session.tick(nowMilliseconds: 1_000) == .send(counter: 1, nextMilliseconds: 2_000))
        let step = session.next(Samples.named("heartbeat-answer"), at: 1_900)
        #expect(step.event == .heartbeatAnswered)
        #expect(session.tick(nowMilliseconds: 2_000) == .wait(untilMilliseconds: 2_900))
        #expect(session.tick(nowMilliseconds: 2_900) == .send(counter: 2, nextMilliseconds: 3_900))
    }

    @Test mutating func keepsAPeerThatIsInTheMiddleOfALargeFrame() {
        _ = session.next(Samples.hello, at: 0)
        for now in stride(from: UInt64(900), to: 9_000, by: 900) {
            _ = session.next(Array(Samples.named("put").prefix(30)), at: now)
            #expect(session.tick(nowMilliseconds: now + 50) == .wait(untilMilliseconds: now + 1_000))
        }
    }

    @Test mutating func givesEachHeartbeatItsIntervalAfterALongStop() {
        _ = session.next(Samples.hello, at: 0)
        #expect(session.tick(nowMilliseconds: 60_000) == .send(counter: 1, nextMilliseconds: 61_000))
        #expect(session.tick(nowMilliseconds: 60_500) == .wait(untilMilliseconds: 61_000))
    }

    @Test mutating func toleratesAClockThatStopsOrGoesBack() {
        _ = session.next(Samples.hello, at: 5_000)
        #expect(session.tick(nowMilliseconds: 4_000) == .wait(untilMilliseconds: 6_000))
        _ = session.next(Samples.named("ping"), at: .max)
        #expect(session.tick(nowMilliseconds: .max) == .wait(untilMilliseconds: UInt64.max &+ 1_000))
    }

    @Test func isOffWhenTheIntervalIsZero() {
        var session = ServerSession(settings: ServerSettings(heartbeatMilliseconds: 0)!, nowMilliseconds: 0)
        _ = session.next(Samples.hello)
        #expect(session.tick(nowMilliseconds: .max) == .off)
    }
}
