import MartletKitTesting
import Testing

@testable import BinaryPlugin
@testable import BinaryWire

/// Backpressure and drain.
@Suite struct FlowTests {
    @Test(arguments: stores) func stopsConsumingWhileThePeerDoesNotRead(store: String) throws {
        let host = try SimulatedHost(
            Binary.self, limits: HostLimits(outputHighWater: 1_000, outputLowWater: 100))
        let client = Client(host, readsAtOnce: false)
        client.connection.read()
        _ = client.replies()
        let payload = [UInt8](repeating: 9, count: 300)
        var stream: [UInt8] = []
        for _ in 0..<50 { stream += client.bytes { try $0.echo(payload) } }
        client.connection.send(stream)

        // Four answers of 324 bytes exceed the mark; the rest of the requests stays with the host.
        #expect(client.connection.waitingOutput == 4 * 324)
        #expect(client.connection.unconsumedInput == 46 * 324)
        client.connection.read(upTo: 500)
        #expect(client.connection.unconsumedInput == 46 * 324)
        var replies: [Reply] = []
        var reads = 0
        while replies.count < 50, reads < 1_000 {
            client.connection.read(upTo: 700)
            #expect(client.connection.waitingOutput <= 1_000 + 324)
            replies += client.replies()
            reads += 1
        }
        #expect(replies == Array(repeating: .echo(payload), count: 50))
        #expect(host.requests.count == 51)
        #expect(host.shutDown() == [])
    }

    @Test(arguments: stores) func saysGoodbyeAndServesUntilTheClientLeaves(store: String) throws {
        let host = try SimulatedHost(Binary.self, options: ["store": .text(store), "drain_grace": "2s"])
        let client = Client(host)
        let crossing = client.bytes { try $0.put(key: utf8("k"), value: utf8("v")) }
        host.drain()
        #expect(client.replies() == [.goodbye(reason: 5, graceMilliseconds: 2_000)])
        // A request that crosses the goodbye is executed.
        #expect(client.send(crossing) == [.put(created: true)])
        #expect(client.session.mayClose)
        client.connection.finishSending()
        #expect(client.connection.end == .closed(.peer))
        #expect(host.shutDown() == [])
    }

    @Test(arguments: stores) func closesADrainingClientThatStays(store: String) throws {
        let host = try SimulatedHost(Binary.self, options: ["store": .text(store), "drain_grace": "2s"])
        let client = Client(host)
        host.drain()
        host.drain()
        #expect(client.replies().count == 1)
        host.advance(by: .milliseconds(1_999))
        #expect(client.connection.isOpen)
        host.advance(by: .milliseconds(1))
        #expect(client.connection.end == .closed(.plugin))
        #expect(host.shutDown() == [])
    }

    @Test(arguments: stores) func sendsHeartbeatsDuringADrain(store: String) throws {
        let host = try SimulatedHost(
            Binary.self,
            options: ["store": .text(store), "drain_grace": "10s", "heartbeat_interval": "1s", "heartbeat_misses": 200])
        let client = Client(host)
        host.drain()
        host.advance(by: .milliseconds(9_999))
        #expect(client.replies().count == 1 + 9)
        host.advance(by: .milliseconds(1))
        #expect(client.connection.end == .closed(.plugin))
    }

    @Test(arguments: stores) func closesAtOnceWithoutGraceOrHello(store: String) throws {
        let host = try SimulatedHost(Binary.self, options: ["store": .text(store), "drain_grace": "0s"])
        let stranger = host.connect()
        let client = Client(host)
        host.drain()
        #expect(stranger.takeOutput() == [])
        #expect(stranger.end == .closed(.plugin))
        #expect(client.replies() == [.goodbye(reason: 5, graceMilliseconds: 0)])
        #expect(client.connection.end == .closed(.plugin))
        #expect(host.shutDown() == [])
    }
}
