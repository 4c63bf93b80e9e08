import Testing

@testable import BinaryWire

/// Watches and notices of changes, and the sessions of both sides with the requests that have versions.
@Suite struct WatchTests {
    var client = ClientSession(name: "probe")
    var server = ServerSession(settings: Samples.settings, nowMilliseconds: 0)

    init() throws {
        _ = try client.hello()
        _ = client.next(Samples.helloAnswer)
        _ = server.next(Samples.hello)
    }

    @Test func refusesMalformedWatches() {
        func watch(_ reserved: UInt32, _ kind: UInt16, _ length: UInt16, _ name: Int) -> ErrorCode? {
            let fields = littleEndian(reserved) + littleEndian(kind) + littleEndian(length)
            return refusal(of: fields + [UInt8](repeating: 7, count: name), WatchRequest.init)
        }
        #expect(watch(0, 0, 1, 1) == nil && watch(0, 1, 0, 0) == nil && watch(0, 1, 512, 512) == nil)
        #expect(watch(1, 0, 1, 1) == .malformedPayload && watch(0, 2, 1, 1) == .malformedPayload)
        #expect(watch(0, 0, 2, 1) == .malformedPayload && watch(0, 0, 1, 2) == .malformedPayload)
        #expect(watch(0, 0, 0, 0) == .invalidKey && watch(0, 0, 513, 513) == .invalidKey)
        #expect(watch(0, 1, 513, 513) == .invalidKey)
        for count in 0..<8 {
            let zeros = [UInt8](repeating: 0, count: count)
            #expect(refusal(of: zeros, WatchRequest.init) == .malformedPayload)
            #expect(refusal(of: zeros, UnwatchRequest.init) == .malformedPayload)
        }
        func number(_ watch: UInt32, _ reserved: UInt32) -> [UInt8] { littleEndian(watch) + littleEndian(reserved) }
        for payload in [number(0, 0), number(1, 1), number(1, 0) + [0]] {
            #expect(refusal(of: payload, UnwatchRequest.init) == .malformedPayload)
            #expect(refusal(of: payload, WatchAnswer.init) == .malformedPayload)
        }
        #expect(refusal(of: littleEndian(UInt32(2)), UnwatchAnswer.init) == .malformedPayload)
    }

    @Test func refusesMalformedNotices() {
        func notice(
            _ watch: UInt32, _ event: UInt8, _ version: UInt64, _ key: Int, reserved: UInt8 = 0, length: UInt16? = nil
        ) -> ErrorCode? {
            let fields = littleEndian(watch) + [event, reserved] + littleEndian(length ?? UInt16(key))
            return refusal(
                of: fields + littleEndian(version) + [UInt8](repeating: 7, count: key), ChangeNotice.init)
        }
        #expect(notice(1, 1, 5, 512) == nil && notice(1, 2, 0, 1) == nil && notice(1, 3, 0, 1) == nil)
        #expect(notice(1, 4, 0, 0) == nil)
        for code in [
            notice(0, 1, 5, 1), notice(1, 0, 0, 1), notice(1, 5, 0, 1), notice(1, 1, 0, 1), notice(1, 2, 5, 1),
            notice(1, 1, 5, 0), notice(1, 4, 0, 1), notice(1, 4, 1, 0), notice(1, 1, 5, 513),
            notice(1, 1, 5, 1, reserved: 1), notice(1, 1, 5, 1, length: 2), notice(1, 1, 5, 1, length: 0),
        ] { #expect(code == .malformedPayload) }
    }

    @Test mutating func theServerTakesWhatTheClientMakes() throws {
        let writes: [Write] = [
            .put(utf8("a"), utf8("1"), if: .version(9), timeToLiveMilliseconds: 5), .delete(utf8("b"), if: .present),
        ]
        guard case .request(.read(let key), _) = server.next(try client.read(key: utf8("a")).bytes).event,
            case .request(.write(let write), _) = server.next(try client.write(writes[0]).bytes).event,
            case .request(.batch(let batch), _) = server.next(try client.batch(writes).bytes).event,
            case .request(.watch(let watch), _) = server.next(try client.watch(.key, utf8("a")).bytes).event,
            case .request(.unwatch(7), _) = server.next(try client.unwatch(7).bytes).event
        else {
            Issue.record("a request was not taken")
            return
        }
        #expect(key == 24..<25 && write.key == 48..<49 && write.condition == .version(9) && batch.count == 2)
        #expect(watch.kind == .key && watch.name == 32..<33)
    }

    @Test mutating func theClientTakesWhatTheServerAnswers() throws {
        let read = try client.read(key: [1]).requestID
        let write = try client.write(.delete([1])).requestID
        let batch = try client.batch([.delete([1]), .delete([2])]).requestID
        let watch = try client.watch(.prefix, []).requestID
        let unwatch = try client.unwatch(3).requestID
        let readAnswer = encoded {
            FrameEncoder.readAnswer(value: utf8("ab").span.bytes, version: 4, requestID: read, into: &$0)
        }
        guard case .answer(.read(let found), read) = client.next(readAnswer).event else {
            Issue.record("no answer to the read")
            return
        }
        #expect(found.value == 48..<50 && found.version == 4 && found.timeToLiveMilliseconds == 0)
        let written = WriteAnswer(isDone: false, existed: true, version: 6)
        let writeAnswer = encoded { FrameEncoder.writeAnswer(written, requestID: write, into: &$0) }
        #expect(client.next(writeAnswer).event == .answer(.write(written), requestID: write))
        let batchAnswer = encoded { FrameEncoder.batchAnswerNotMet(index: 1, version: 8, requestID: batch, into: &$0) }
        #expect(client.next(batchAnswer).event == .answer(.batch(.notMet(index: 1, version: 8)), requestID: batch))
        let watchAnswer = encoded { FrameEncoder.watchAnswer(3, requestID: watch, into: &$0) }
        #expect(client.next(watchAnswer).event == .answer(.watch(3), requestID: watch))
        let unwatchAnswer = encoded { FrameEncoder.unwatchAnswer(existed: true, requestID: unwatch, into: &$0) }
        #expect(client.next(unwatchAnswer).event == .answer(.unwatch(existed: true), requestID: unwatch))
        #expect(client.inFlight == 0)
    }

    @Test mutating func noticesComeAtAnyTimeAfterTheHello() throws {
        let ping = try client.ping()
        guard case .changed(let put) = client.next(Samples.named("changed")).event else {
            Issue.record("no notice")
            return
        }
        #expect(put.kind == .put && put.watch == 1 && put.version == 1_700_000_000_000_001 && put.key == 40..<48)
        let lost = encoded { FrameEncoder.changed(.lost, watch: 2, into: &$0) }
        _ = client.next(Samples.named("goodbye"))
        guard case .changed(let notice) = client.next(lost).event else {
            Issue.record("no notice after the goodbye")
            return
        }
        #expect(notice.kind == .lost && notice.key.isEmpty && client.inFlight == 1)
        _ = client.next(encoded { FrameEncoder.pong(RawSpan(), requestID: ping.requestID, into: &$0) })
        #expect(client.mayClose)

        var early = ClientSession(name: "early")
        _ = try early.hello()
        #expect(early.next(lost).event == .violation(.unexpected(.changed)))
    }

    @Test mutating func aClientSendsNoNotices() {
        guard case .refused(let refusal) = server.next(RawFrame(opcode: 0x29).bytes).event else {
            Issue.record("took a notice of a client")
            return
        }
        #expect(refusal.code == .wrongState && refusal.closes)
    }

    /// 4,096 bytes have room for 511 versions.
    @Test func refusesABatchWhoseAnswerTheClientCouldNotAccept() throws {
        var session = ServerSession(settings: Samples.settings, nowMilliseconds: 0)
        _ = session.next(
            encoded { FrameEncoder.hello(maximumPayload: 4_096, name: RawSpan(), requestID: 1, into: &$0) })
        var client = client
        for (count, code) in [(511, nil), (512, ErrorCode.answerTooLarge)] {
            let request = try client.batch(Array(repeating: .delete([1]), count: count))
            let step = session.next(request.bytes)
            guard case .refused(let refusal) = step.event else {
                #expect(code == nil)
                continue
            }
            #expect(refusal.code == code && !refusal.closes && step.consumed == request.bytes.count)
        }
    }

    @Test mutating func makesNoBatchBeyondTheLimits() {
        func refusal(_ writes: [Write]) -> RequestRefusal? {
            var copy = client
            do throws(RequestRefusal) {
                _ = try copy.batch(writes)
                return nil
            } catch {
                #expect(copy.inFlight == 0)
                return error
            }
        }
        #expect(refusal([]) == .outOfLimits && refusal([.delete([])]) == .outOfLimits)
        #expect(refusal(Array(repeating: .delete([1]), count: 1_000)) == nil)
        #expect(refusal(Array(repeating: .delete([1]), count: 1_001)) == .outOfLimits)
        let large = Write.put([1], [UInt8](repeating: 0, count: 1_000_000))
        #expect(refusal([large]) == nil && refusal([large, large]) == .payloadTooLarge(limit: 1_052_672))
    }
}
