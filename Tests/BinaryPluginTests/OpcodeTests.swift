import MartletKitTesting
import Testing

@testable import BinaryPlugin
@testable import BinaryWire

@Suite struct OpcodeTests {
    static let splits: [InputSplit] = [.whole, .everyByte, .pieces(of: 7), .random(seed: 1), .random(seed: 2)]

    @Test func answersTheHelloWithItsSettings() throws {
        let host = try SimulatedHost(
            Binary.self,
            options: ["max_payload": "8KiB", "heartbeat_interval": "2s", "heartbeat_misses": 5])
        let client = Client(host, greets: false)
        guard case .opened(let hello) = client.ask({ try $0.hello() }).first else {
            Issue.record("no hello")
            return
        }
        #expect(hello.version == 1)
        #expect(hello.maximumPayload == 8_192)
        #expect(hello.heartbeatMilliseconds == 2_000)
        #expect(hello.unansweredHeartbeats == 5)
        #expect(host.shutDown() == [])
    }

    @Test(arguments: splits, stores)
    func answersEveryOpcode(_ split: InputSplit, store: String) throws {
        let host = try SimulatedHost(Binary.self, options: ["store": .text(store)])
        let client = Client(host)
        client.split = split
        #expect(client.ping([1, 2, 3]) == [.pong([1, 2, 3])])
        #expect(client.ping() == [.pong([])])
        #expect(client.echo(utf8("hello")) == [.echo(utf8("hello"))])
        #expect(client.get("a") == [.value(nil)])
        #expect(client.put("a", "1") == [.put(created: true)])
        #expect(client.put("a", "") == [.put(created: false)])
        #expect(client.get("a") == [.value([])])
        #expect(client.put("a", "2") == [.put(created: false)])
        #expect(client.get("a") == [.value(utf8("2"))])
        #expect(client.delete("a") == [.delete(existed: true)])
        #expect(client.delete("a") == [.delete(existed: false)])
        #expect(client.scan() == [.scan([], more: false)])
        #expect(host.shutDown() == [])
    }

    @Test(arguments: splits)
    func answersAPipelineInOrder(_ split: InputSplit) throws {
        let host = try SimulatedHost(Binary.self)
        let client = Client(host, greets: false)
        client.split = split
        var stream = client.bytes { try $0.hello() }
        stream += client.bytes { try $0.put(key: utf8("k"), value: utf8("v")) }
        stream += client.bytes { try $0.get(key: utf8("k")) }
        stream += client.bytes { try $0.echo(utf8("x")) }
        stream += client.bytes { try $0.delete(key: utf8("k")) }
        stream += client.bytes { try $0.get(key: utf8("k")) }
        let replies = client.send(stream)
        #expect(
            Array(replies.dropFirst()) == [
                .put(created: true), .value(utf8("v")), .echo(utf8("x")), .delete(existed: true), .value(nil),
            ])
        #expect(client.connection.unconsumedInput == 0)
        #expect(host.shutDown() == [])
    }

    @Test(arguments: stores) func answersTheLargestEchoAndValue(store: String) throws {
        let host = try SimulatedHost(Binary.self, options: ["store": .text(store)])
        let client = Client(host)
        let value = [UInt8](repeating: 7, count: WireLimits.valueBytes)
        #expect(client.echo(value) == [.echo(value)])
        #expect(client.ask { try $0.put(key: utf8("k"), value: value) } == [.put(created: true)])
        #expect(client.get("k") == [.value(value)])
        #expect(host.shutDown() == [])
    }

    @Test(arguments: stores) func countsRequestsFramesAndErrors(store: String) throws {
        let host = try SimulatedHost(Binary.self, options: ["store": .text(store)])
        let client = Client(host)
        _ = client.put("key", "value")
        _ = client.send(RawFrame(opcode: 0x20, requestID: 77, payload: []).bytes)
        #expect(host.requests.map(\.method) == ["hello", "put", "get"])
        #expect(host.requests[1].target == utf8("key"))
        #expect(host.requests[1].bytes == 28)
        // A mistake of the client is not a failure of the plugin.
        #expect(host.requests.map(\.failed) == [false, false, false])
        #expect(host.requests[2].status == 64)
        #expect(host.metric("frames_total") == 3)
        #expect(host.metric("protocol_errors_total") == 0)
        _ = client.send(utf8("GET / HTTP/1.1\r\n"))
        #expect(host.metric("protocol_errors_total") == 1)
        #expect(host.shutDown() == [])
    }
}
