import Glibc
import Testing

@testable import BinaryClient
@testable import BinaryWire

@Suite struct FailureTests {
    private func reason(_ body: () throws(BinaryClientError) -> Void) -> BinaryClientError.Reason? {
        do throws(BinaryClientError) {
            try body()
            return nil
        } catch {
            return error.reason
        }
    }

    private func connect(_ server: TestServer) throws -> BinaryClient {
        try BinaryClient.connect(address: server.address)
    }

    @Test func namesAddressCallAndReason() throws {
        let server = try TestServer { StoreServer(refusal: .storeFull).serve($0) }
        let client = try connect(server)
        do throws(BinaryClientError) {
            try client.put([1], [2])
            Issue.record("expected an error")
        } catch {
            #expect(error.description == "\(server.address): put: refused: store-full (67): because")
        }
        // The connection can still be used.
        #expect(
            reason { () throws(BinaryClientError) in _ = try client.get([1]) }
                == .refused(.storeFull, text: "because", closes: false))
    }

    @Test(arguments: [
        "", "localhost", "localhost:", "localhost:0", "localhost:65536", "::1:7100", "[]:1", "unix:", ":1",
    ])
    func refusesTextThatIsNotAnAddress(_ text: String) {
        #expect(
            reason { () throws(BinaryClientError) in _ = try BinaryClient.connect(address: text) } == .notAnAddress)
    }

    @Test func reportsThatNobodyListens() {
        let path = "unix:/nonexistent/martlet.sock"
        #expect(
            reason { () throws(BinaryClientError) in _ = try BinaryClient.connect(address: path) }
                == .system(function: "connect", code: ENOENT))
    }

    @Test func givesUpOnAServerThatNeverAnswers() throws {
        let server = try TestServer { $0.readToEnd() }
        let timeout = Duration.milliseconds(50)
        #expect(
            reason { () throws(BinaryClientError) in
                _ = try BinaryClient.connect(address: server.address, timeout: timeout)
            } == .timedOut(timeout))
    }

    @Test func isClosedAfterATimeout() throws {
        // Answers the hello, then nothing.
        let server = try TestServer { peer in
            _ = peer.read()
            peer.write(
                encoded {
                    FrameEncoder.helloAnswer(settings: ServerSettings()!, name: RawSpan(), requestID: 1, into: &$0)
                })
            peer.readToEnd()
        }
        let client = try connect(server)
        client.timeout = .milliseconds(50)
        #expect(reason { () throws(BinaryClientError) in _ = try client.ping() } == .timedOut(.milliseconds(50)))
        #expect(reason { () throws(BinaryClientError) in _ = try client.ping() } == .closed)
    }

    @Test func refusesGarbage() throws {
        let server = try TestServer { peer in
            _ = peer.read()
            peer.write(utf8("HTTP/1.1 400 Bad Request\r\n\r\n"))
        }
        #expect(
            reason { () throws(BinaryClientError) in _ = try BinaryClient.connect(address: server.address) }
                == .violation(.badFrame(.badMagic)))
    }

    @Test func reportsThatTheServerClosed() throws {
        let atOnce = try TestServer { _ = $0.read() }
        #expect(
            reason { () throws(BinaryClientError) in _ = try BinaryClient.connect(address: atOnce.address) }
                == .closedByServer)
    }

    @Test func refusesAScanThatNeverAdvances() throws {
        let server = try TestServer { peer in
            for answer in [Self.hello, Self.sameScanAnswer(2), Self.sameScanAnswer(3)] {
                guard !peer.read().isEmpty else { return }
                peer.write(answer)
            }
            peer.readToEnd()
        }
        let client = try connect(server)
        #expect(
            reason { () throws(BinaryClientError) in _ = try client.scan() } == .violation(.malformedPayload(.scan)))
    }

    @Test func sendsNothingThatBreaksALimit() throws {
        let server = try TestServer { StoreServer().serve($0) }
        let client = try connect(server)
        #expect(reason { () throws(BinaryClientError) in _ = try client.get([]) } == .notSent(.outOfLimits))
        let tooMuch = [UInt8](repeating: 0, count: 2_000_000)
        #expect(
            reason { () throws(BinaryClientError) in _ = try client.echo(tooMuch) }
                == .notSent(.payloadTooLarge(limit: 1_052_672)))
        #expect(try client.echo([1]) == [1])
    }

    @Test func sendsNoRequestsAfterAGoodbye() throws {
        let goodbye = encoded {
            FrameEncoder.goodbye(.draining, graceMilliseconds: 5, text: utf8("bye").span.bytes, into: &$0)
        }
        let server = try TestServer { StoreServer(beforeEachAnswer: goodbye).serve($0) }
        let client = try connect(server)
        // Requests in flight are still answered.
        #expect(try client.echo([1]) == [1])
        let reason = reason { () throws(BinaryClientError) in _ = try client.ping() }
        #expect(reason == .goodbye(.draining, text: "bye"))
        #expect(reason.map { "\($0)" } == "the server said goodbye (5, draining): bye")
    }

    private static var hello: [UInt8] {
        encoded { FrameEncoder.helloAnswer(settings: ServerSettings()!, name: RawSpan(), requestID: 1, into: &$0) }
    }

    private static func sameScanAnswer(_ id: UInt32) -> [UInt8] {
        encoded { output in
            var writer = ScanAnswerWriter(limit: 1, maximumPayload: 4_096)
            _ = writer.append(key: utf8("k").span.bytes, value: RawSpan(), into: &output)
            return writer.finish(more: true, requestID: id, into: &output)
        }
    }
}
