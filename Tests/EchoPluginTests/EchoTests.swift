import MartletKitTesting
import Testing

@testable import EchoPlugin

@Suite struct EchoTests {
    @Test(arguments: [InputSplit.whole, .everyByte, .pieces(of: 3), .random(seed: 1), .random(seed: 2)])
    func sendsBackEveryByte(_ split: InputSplit) throws {
        let host = try SimulatedHost(Echo.self)
        let connection = host.connect()
        let bytes = (0..<2_000).map { UInt8(truncatingIfNeeded: $0) }
        connection.send(bytes, split: split)
        #expect(connection.takeOutput() == bytes)
        connection.finishSending()
        #expect(connection.end == .closed(.peer))
        #expect(host.shutDown() == [])
    }

    @Test func slowsDownAPeerThatDoesNotRead() throws {
        let host = try SimulatedHost(Echo.self, limits: HostLimits(outputHighWater: 100, outputLowWater: 10))
        let connection = host.connect(readsAtOnce: false)
        let bytes = (0..<1_000).map { UInt8(truncatingIfNeeded: $0) }
        connection.send(bytes, split: .pieces(of: 60))
        #expect(connection.waitingOutput == 120)
        #expect(connection.unconsumedInput == 880)
        while connection.waitingOutput > 0 { connection.read(upTo: 50) }
        #expect(connection.takeOutput() == bytes)
        #expect(host.shutDown() == [])
    }

    @Test func closesInADrain() throws {
        let host = try SimulatedHost(Echo.self, loops: 2)
        let connections = [host.connect(loop: 0), host.connect(loop: 1)]
        connections[0].send("last words")
        host.drain()
        #expect(connections[0].takeOutput() == Array("last words".utf8))
        #expect(connections.map(\.end) == [.closed(.plugin), .closed(.plugin)])
        #expect(host.shutDown() == [])
    }

    @Test func survivesAReset() throws {
        let host = try SimulatedHost(Echo.self)
        let connection = host.connect()
        connection.send("a")
        connection.reset()
        #expect(connection.end == .reset(.reset))
        #expect(host.shutDown() == [])
    }

    @Test func theOperationReturnsTheBytesOfEachLoop() throws {
        let host = try SimulatedHost(Echo.self, loops: 2)
        host.connect(loop: 0).send("four")
        host.connect(loop: 1).send("seven b")
        #expect(try host.call("total_bytes") == ["4", "7"])
        #expect(host.shutDown() == [])
    }
}
