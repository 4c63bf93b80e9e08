import MartletKitTesting
import Testing

@testable import BinaryPlugin
@testable import BinaryWire

@Suite struct HeartbeatTests {
    private func host() throws -> SimulatedHost {
        try SimulatedHost(Binary.self, options: ["heartbeat_interval": "1s", "heartbeat_misses": 2])
    }

    @Test func sendsHeartbeatsToASilentClient() throws {
        let host = try host()
        let client = Client(host)
        host.advance(by: .milliseconds(999))
        #expect(client.replies() == [])
        host.advance(by: .milliseconds(1))
        guard case .heartbeat(let answer) = client.replies().first else {
            Issue.record("no heartbeat")
            return
        }
        // A client that answers every heartbeat stays connected.
        client.connection.send(answer)
        for _ in 0..<20 {
            host.advance(by: .seconds(1))
            guard case .heartbeat(let answer) = client.replies().first else {
                Issue.record("no heartbeat")
                return
            }
            client.connection.send(answer)
        }
        #expect(client.connection.isOpen)
        #expect(host.shutDown() == [])
    }

    @Test func sendsNoHeartbeatsToABusyClient() throws {
        let host = try host()
        let client = Client(host)
        for _ in 0..<50 {
            host.advance(by: .milliseconds(900))
            #expect(client.ping() == [.pong([])])
        }
        #expect(host.shutDown() == [])
    }

    @Test func closesAClientThatDoesNotAnswerHeartbeats() throws {
        let host = try host()
        let client = Client(host)
        host.advance(by: .milliseconds(2_999))
        #expect(client.replies().count == 2)
        #expect(client.connection.isOpen)
        host.advance(by: .milliseconds(1))
        #expect(client.replies() == [.closed(.heartbeatTimeout, requestID: 0)])
        #expect(client.connection.end == .closed(.plugin))
        #expect(host.metric("protocol_errors_total") == 1)
        #expect(host.shutDown() == [])
    }

    @Test func treatsAnyByteAsASignOfLife() throws {
        let host = try host()
        let client = Client(host)
        let large = client.bytes { try $0.echo([UInt8](repeating: 1, count: 40)) }
        for byte in large {
            host.advance(by: .milliseconds(900))
            client.connection.send([byte])
        }
        #expect(client.replies() == [.echo([UInt8](repeating: 1, count: 40))])
        #expect(host.shutDown() == [])
    }

    /// The host presents the put when it is complete, so the session does not see the bytes that arrive before.
    @Test func sendsNoHeartbeatsInTheMiddleOfALargePut() throws {
        let host = try host()
        let client = Client(host)
        let value = [UInt8](repeating: 7, count: 100_000)
        let put = client.bytes { try $0.put(key: utf8("large"), value: value) }
        let before = client.connection.presentations
        for start in stride(from: 0, to: put.count, by: 10_000) {
            client.connection.send(Array(put[start..<min(start + 10_000, put.count)]))
            if start + 10_000 < put.count { #expect(client.connection.wantedInput == put.count) }
            host.advance(by: .milliseconds(2_900))
        }
        // The host presents the first piece, with the header, then the whole put. After that the client counts as silent.
        #expect(client.connection.presentations == before + 2)
        #expect(
            client.replies() == [
                .put(created: true), .heartbeat(answer: heartbeatAnswer(1)), .heartbeat(answer: heartbeatAnswer(2)),
            ])
        host.advance(by: .milliseconds(100))
        #expect(client.replies() == [.closed(.heartbeatTimeout, requestID: 0)])
        #expect(host.shutDown() == [])
    }

    /// `limits.request_timeout` closes the connection.
    @Test func leavesAnUnfinishedFrameToTheHost() throws {
        let host = try host()
        let client = Client(host)
        let put = client.bytes { try $0.put(key: utf8("k"), value: [UInt8](repeating: 7, count: 100)) }
        client.connection.send(put.dropLast())
        host.advance(by: .seconds(1_000))
        #expect(client.replies() == [])
        client.connection.cut(.requestTimeout)
        #expect(client.connection.end == .closed(.requestTimeout))
        #expect(host.shutDown() == [])
    }

    /// An incomplete header announces no length, so such a client is treated as a silent one.
    @Test func sendsHeartbeatsInTheMiddleOfAHeader() throws {
        let host = try host()
        let client = Client(host)
        client.connection.send(client.bytes { try $0.ping() }.prefix(23) + [])
        #expect(client.connection.wantedInput == 0)
        host.advance(by: .seconds(3))
        #expect(client.replies().last == .closed(.heartbeatTimeout, requestID: 0))
        #expect(host.shutDown() == [])
    }

    /// If the frame does not fit into `max_input`, the host presents it as it arrives, until the host closes the connection.
    @Test func doesNotWantAFrameAboveTheInputLimit() throws {
        let host = try SimulatedHost(
            Binary.self, options: ["heartbeat_interval": "1s"], limits: HostLimits(maximumInput: 1_000))
        let client = Client(host)
        let put = client.bytes { try $0.put(key: utf8("k"), value: [UInt8](repeating: 7, count: 2_000)) }
        client.connection.send(Array(put.prefix(900)))
        #expect(client.connection.wantedInput == 0)
        client.connection.send(Array(put.dropFirst(900)))
        #expect(client.replies() == [.put(created: true)])
        #expect(host.shutDown() == [])
    }

    @Test func movesInTheMiddleOfALargePut() throws {
        let old = try host()
        let client = Client(old)
        let put = client.bytes { try $0.put(key: utf8("k"), value: [UInt8](repeating: 7, count: 5_000)) }
        client.connection.send(Array(put.prefix(4_000)))
        let new = try old.nextGeneration(
            Binary.self, options: ["heartbeat_interval": "1s", "heartbeat_misses": 2])
        #expect(old.swap(to: new) == [.moved])
        #expect(old.shutDown() == [])
        new.advance(by: .seconds(100))
        #expect(client.replies() == [])
        client.connection.send(Array(put.dropFirst(4_000)))
        #expect(client.replies() == [.put(created: true)])
        #expect(new.shutDown() == [])
    }

    private func heartbeatAnswer(_ counter: UInt64) -> [UInt8] {
        RawFrame(opcode: 0x02, flags: 1, requestID: 0, payload: littleEndian(counter)).bytes
    }

    @Test func sendsNoHeartbeatsWithoutAnInterval() throws {
        let host = try SimulatedHost(Binary.self, options: ["heartbeat_interval": "0s"])
        let client = Client(host)
        #expect(client.connection.timer == nil)
        host.advance(by: .seconds(1_000_000))
        #expect(client.replies() == [])
        #expect(client.connection.isOpen)
    }

    @Test func sendsNoHeartbeatsBeforeTheHello() throws {
        let host = try host()
        let connection = host.connect()
        host.advance(by: .seconds(100))
        #expect(connection.takeOutput() == [])
        #expect(connection.isOpen)
    }

    @Test func refusesATooShortInterval() {
        #expect(throws: SimulationError.self) {
            try SimulatedHost(Binary.self, options: ["heartbeat_interval": "99ms"])
        }
    }
}
