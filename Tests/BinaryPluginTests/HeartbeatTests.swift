import MartletKitTesting
import Testing

@testable import BinaryPlugin
@testable import BinaryWire

@Suite struct HeartbeatTests {
    private func host() throws -> SimulatedHost {
        try SimulatedHost(Binary.self, options: ["heartbeat_interval": "1s", "heartbeat_misses": 2])
    }

    @Test func asksASilentClient() throws {
        let host = try host()
        let client = Client(host)
        host.advance(by: .milliseconds(999))
        #expect(client.replies() == [])
        host.advance(by: .milliseconds(1))
        guard case .heartbeat(let answer) = client.replies().first else {
            Issue.record("no heartbeat")
            return
        }
        // Answered each time, the client stays for ever.
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

    @Test func leavesABusyClientAlone() throws {
        let host = try host()
        let client = Client(host)
        for _ in 0..<50 {
            host.advance(by: .milliseconds(900))
            #expect(client.ping() == [.pong([])])
        }
        #expect(host.shutDown() == [])
    }

    @Test func closesAClientThatLeavesThemUnanswered() throws {
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

    @Test func takesAnyByteForASignOfLife() throws {
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

    @Test func sendsNoneWithoutAnInterval() throws {
        let host = try SimulatedHost(Binary.self, options: ["heartbeat_interval": "0s"])
        let client = Client(host)
        #expect(client.connection.timer == nil)
        host.advance(by: .seconds(1_000_000))
        #expect(client.replies() == [])
        #expect(client.connection.isOpen)
    }

    @Test func sendsNoneBeforeTheHello() throws {
        let host = try host()
        let connection = host.connect()
        host.advance(by: .seconds(100))
        #expect(connection.takeOutput() == [])
        #expect(connection.isOpen)
    }

    @Test func refusesAnIntervalThatIsTooShort() {
        #expect(throws: SimulationError.self) {
            try SimulatedHost(Binary.self, options: ["heartbeat_interval": "99ms"])
        }
    }
}
