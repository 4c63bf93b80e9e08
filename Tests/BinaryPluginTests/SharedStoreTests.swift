import MartletKitTesting
import Testing

@testable import BinaryPlugin
@testable import BinaryWire
@testable import KeyValueStore

@Suite struct SharedStoreTests {
    @Test(arguments: stores) func allConnectionsOfAllLoopsShareOneStore(store: String) throws {
        let host = try SimulatedHost(Binary.self, options: ["store": .text(store)], loops: 3)
        let clients = (0..<60).map { Client(host, loop: $0 % 3) }
        for (index, client) in clients.enumerated() {
            #expect(client.put("key \(index)", "value \(index)") == [.put(created: true)])
        }
        for (index, client) in clients.enumerated() {
            let other = (index * 7 + 1) % clients.count
            #expect(client.get("key \(other)") == [.value(utf8("value \(other)"))])
        }
        // The store outlives the connections that wrote to it.
        clients[0].connection.reset()
        #expect(clients[1].get("key 0") == [.value(utf8("value 0"))])
        #expect(host.metric("store_keys") == (store == "memory" ? 60 : 0))
        #expect(host.shutDown() == [])
        #expect(host.metric("store_keys") == 0)
        #expect(host.metric("store_bytes") == 0)
    }

    /// Also with more keys than fit into one piece.
    @Test(arguments: [0, 1, 255, 256, 257, 512, 1_000])
    func countsAndClearsByPrefix(_ number: Int) throws {
        let host = try SimulatedHost(Binary.self)
        let client = Client(host)
        for index in 0..<number { #expect(client.put("a\(index)", "x") == [.put(created: true)]) }
        for key in ["A", "b", "b2"] { #expect(client.put(key, "x") == [.put(created: true)]) }
        #expect(try host.call("count", "a") == ["\(number)"])
        #expect(try host.call("count", "") == ["\(number + 3)"])
        #expect(try host.call("clear", "a") == ["\(number)"])
        #expect(try host.call("count", "") == ["3"])
        #expect(host.metric("store_keys") == 3)
        #expect(try host.call("clear", "") == ["3"])
        #expect(host.metric("store_bytes") == 0)
        #expect(host.shutDown() == [])
    }

    @Test func limitsItsMemory() throws {
        let each = 10 + 90 + Record.overheadBytes + 8
        let host = try SimulatedHost(Binary.self, options: .table([("max_store_bytes", .integer(Int64(each * 5)))]))
        let client = Client(host)
        let value = String(repeating: "v", count: 90)
        for index in 0..<5 { #expect(client.put("key-00000\(index)", value) == [.put(created: true)]) }
        guard case .failed(.storeFull, _) = client.put("key-000005", value).first else {
            Issue.record("expected store-full")
            return
        }
        // A value can be replaced by one of the same size or smaller, but not by a larger one.
        #expect(client.put("key-000001", value) == [.put(created: false)])
        guard case .failed(.storeFull, _) = client.put("key-000001", value + "v").first else {
            Issue.record("expected store-full")
            return
        }
        #expect(client.get("key-000001") == [.value(utf8(value))])
        #expect(client.put("key-000001", "") == [.put(created: false)])
        #expect(host.metric("store_bytes") == Int64(each * 5 - 90))
        #expect(client.delete("key-000000") == [.delete(existed: true)])
        #expect(client.put("key-000005", value) == [.put(created: true)])
        #expect(host.shutDown() == [])
    }
}
