import BinaryWire
import Glibc
import Testing

@testable import MartletClient

@Suite struct FailureTests {
    private let store = TestStore()

    // MARK: Connecting

    @Test func aRefusedConnectIsAnErrorWhenTheAttemptsAreUsedUp() async throws {
        let listening = try ListeningSocket()
        close(listening.descriptor)
        let client = try MartletClient.test([listening.address]) { $0.retry.connectAttempts = 1 }
        do {
            _ = try await client.get("k")
            Issue.record("nobody listens")
        } catch {
            #expect(error.reason == .unreachable(.system(function: "connect", code: ECONNREFUSED)))
            #expect(!error.mayHaveBeenExecuted)
            #expect("\(error)" == "\(listening.address): get: connect failed: Connection refused")
        }
    }

    @Test func aCallWaitsForTheServerUntilItsTimeout() async throws {
        let listening = try ListeningSocket()
        close(listening.descriptor)
        let clock = ManualClock()
        let client = try MartletClient.test([listening.address], clock)
        async let answer = reason { _ = try await client.get("k", timeout: .seconds(3)) }
        try await waitUntil("the call waits") { await client.status().waitingCalls == 1 }
        clock.advance(.seconds(3), client)
        guard case .timedOut(.seconds(3), let failure)? = await answer else {
            throw Failure(description: "expected a time-out")
        }
        #expect(failure == .system(function: "connect", code: ECONNREFUSED))
    }

    @Test func aHostThatCannotBeResolvedIsNamed() async throws {
        let client = try MartletClient.test(["host.invalid:1"]) {
            $0.retry.connectAttempts = 1
            $0.connectTimeout = .seconds(60)
            $0.requestTimeout = .seconds(60)
        }
        guard case .unreachable(.unknownHost)? = await reason({ _ = try await client.ping() }) else {
            throw Failure(description: "expected an unknown host")
        }
    }

    @Test func aServerThatDoesNotGreetIsGivenUp() async throws {
        let server = try ScriptedServer { $0.drain() }
        let clock = ManualClock()
        let client = try MartletClient.test(server, clock) { $0.retry.connectAttempts = 1 }
        async let answer = reason { _ = try await client.get("k") }
        try await waitUntil("it is connected") { server.open == 1 }
        clock.advance(.seconds(5), client)
        #expect(await answer == .unreachable(.connectTimedOut(.seconds(5))))
        try await waitUntil("the connection is closed") { server.open == 0 }
    }

    @Test func anotherProtocolIsAViolation() async throws {
        let server = try ScriptedServer {
            $0.write(utf8("HTTP/1.1 400 Bad Request\r\n\r\n"))
            $0.drain()
        }
        let client = try MartletClient.test(server) { $0.retry.connectAttempts = 1 }
        #expect(await reason { _ = try await client.ping() } == .unreachable(.violation(.badFrame(.badMagic))))
    }

    @Test func theNextServerIsAskedWhenOneFails() async throws {
        let listening = try ListeningSocket()
        close(listening.descriptor)
        let second = try ScriptedServer { [store] in store.serve($0) }
        let third = try ScriptedServer { [store] in store.serve($0) }
        let client = try MartletClient.test([listening.address, second.address, third.address])
        try await client.put("k", "v")
        second.kill()
        #expect(try await client.get("k") == utf8("v"))
        #expect((second.accepted, third.accepted) == (1, 1))
    }

    // MARK: Losing a connection

    /// How the first connection of a server ends when the first request has arrived.
    enum Ending: CaseIterable {
        case close, reset, halfAnswer, corruptAnswer, fatalError, wrongID, wrongOpcode

        func end(_ peer: Peer, _ incoming: Peer.Incoming, _ answer: [UInt8]) {
            switch self {
            case .close: break
            case .reset: peer.lingerNot()
            case .halfAnswer: peer.write(Array(answer[..<(answer.count / 2)]))
            case .corruptAnswer:
                var answer = answer
                answer[answer.count - 1] ^= 1
                peer.write(answer)
            case .fatalError:
                peer.write(encoded { FrameEncoder.error(ServerSession.heartbeatRefusal, into: &$0) })
            case .wrongID: peer.write(encoded { FrameEncoder.putAnswer(created: true, requestID: 4_711, into: &$0) })
            case .wrongOpcode:
                peer.write(encoded { FrameEncoder.pong(RawSpan(), requestID: incoming.id, into: &$0) })
            }
        }
    }

    private func server(_ ending: Ending) throws -> ScriptedServer {
        try ScriptedServer { [store] peer in
            guard peer.number == 0 else { return store.serve(peer) }
            if let incoming = peer.next() { ending.end(peer, incoming, store.answer(incoming)) }
        }
    }

    @Test(arguments: Ending.allCases) func aReadIsRepeatedElsewhere(_ ending: Ending) async throws {
        let server = try server(ending)
        let client = try MartletClient.test(server)
        #expect(try await client.get("k") == nil)
        #expect(server.accepted == 2)
    }

    @Test(arguments: Ending.allCases) func aWriteWhoseAnswerIsLostHasAnUnknownOutcome(_ ending: Ending) async throws {
        let server = try server(ending)
        let client = try MartletClient.test(server)
        do {
            try await client.put("k", "v", if: .absent)
            Issue.record("the answer was lost")
        } catch {
            guard case .unknownOutcome = error.reason else { throw Failure(description: "\(error)") }
            #expect(error.mayHaveBeenExecuted)
        }
        // It was executed, once.
        #expect(try await client.get("k") == utf8("v"))
        #expect(server.accepted == 2)
    }

    @Test func aPutIsRepeatedIfTheCallerWantsThat() async throws {
        let server = try server(.reset)
        let client = try MartletClient.test(server)
        #expect(try await client.put("k", "v", retry: .always) == .replaced)
    }

    @Test func aCallThatIsNeverRepeatedFails() async throws {
        let server = try server(.reset)
        let client = try MartletClient.test(server)
        do {
            _ = try await client.perform(.get(key: utf8("k")), .never, nil)
            Issue.record("the answer was lost")
        } catch {
            guard case .disconnected = error.reason else { throw Failure(description: "\(error)") }
        }
        #expect(server.accepted == 1)
    }

    @Test func theAttemptsOfACallAreLimited() async throws {
        let server = try ScriptedServer { if $0.next() != nil { $0.lingerNot() } }
        let client = try MartletClient.test(server) {
            $0.retry.attempts = 4
            $0.retry.base = .milliseconds(1)
        }
        guard case .disconnected? = await reason({ _ = try await client.get("k") }) else {
            throw Failure(description: "expected the loss of the connection")
        }
        #expect(server.accepted == 4)
    }

    // MARK: A server that loses its store

    /// The first requests are executed, and answered with outcome-unknown.
    private func server(losing count: Int) throws -> ScriptedServer {
        let requests = Counter()
        return try ScriptedServer { [store] peer in
            while let incoming = peer.next() {
                let answer = store.answer(incoming)
                guard requests.add() < count else {
                    peer.write(answer)
                    continue
                }
                peer.write(
                    encoded {
                        FrameEncoder.failure(
                            .outcomeUnknown, of: .put, requestID: incoming.id, text: utf8("lost").span.bytes, into: &$0)
                    })
            }
        }
    }

    @Test func aWriteWhoseStoreIsLostHasAnUnknownOutcome() async throws {
        let server = try server(losing: 1)
        let client = try MartletClient.test(server)
        do {
            try await client.put("k", "v", if: .absent)
            Issue.record("the store was lost")
        } catch {
            #expect(error.reason == .unknownOutcome(.storeLost(text: "lost")))
            #expect(error.mayHaveBeenExecuted)
            let text = "sent, and it may have been executed: outcome-unknown (72): lost"
            #expect("\(error)" == "\(server.address): write: \(text)")
        }
        // It was executed, and the connection goes on.
        #expect(try await client.get("k") == utf8("v"))
        #expect(server.accepted == 1)
    }

    @Test func whatIsSafeToRepeatIsAskedAgainWhenTheStoreIsLost() async throws {
        let server = try server(losing: 1)
        let client = try MartletClient.test(server) { $0.retry.base = .milliseconds(1) }
        #expect(try await client.get("k") == nil)
        #expect(server.accepted == 1)
        let other = try self.server(losing: 1)
        let writer = try MartletClient.test(other) { $0.retry.base = .milliseconds(1) }
        // The first attempt was executed.
        #expect(try await writer.put("k", "v", retry: .always) == .replaced)
    }

    @Test func aStoreThatStaysLostEndsTheAttempts() async throws {
        let server = try server(losing: .max)
        let client = try MartletClient.test(server) {
            $0.retry.attempts = 3
            $0.retry.base = .milliseconds(1)
        }
        do {
            try await client.put("k", "v", retry: .always)
            Issue.record("the store was lost")
        } catch {
            #expect(error.reason == .refused(.outcomeUnknown, text: "lost"))
            #expect(error.mayHaveBeenExecuted)
        }
    }

    // MARK: Answers that make no sense

    @Test func aWrongPongAndAScanThatStandsStillAreErrors() async throws {
        let server = try ScriptedServer { peer in
            while let incoming = peer.next() {
                switch incoming.request {
                case .ping: peer.write(encoded { FrameEncoder.pong(RawSpan(), requestID: incoming.id, into: &$0) })
                default:
                    peer.write(
                        encoded { output in
                            var writer = ScanAnswerWriter(limit: 1, maximumPayload: 4_096)
                            _ = writer.append(key: utf8("k").span.bytes, value: RawSpan(), into: &output)
                            return writer.finish(more: true, requestID: incoming.id, into: &output)
                        })
                }
            }
        }
        let client = try MartletClient.test(server)
        guard case .wrongAnswer? = await reason({ _ = try await client.ping() }) else {
            throw Failure(description: "the pong is wrong")
        }
        guard case .wrongAnswer? = await reason({ for try await _ in client.scan() {} }) else {
            throw Failure(description: "the scan repeats a key")
        }
    }
}
