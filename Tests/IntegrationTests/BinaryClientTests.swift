import BinaryClient
import Testing

/// The binary plugin through the client library, including across a swap.
@Suite struct BinaryClientTests {
    private let server: RunningServer
    private let client: BinaryClient

    init() throws {
        server = try binaryServer()
        client = try BinaryClient.connect(address: server.address(of: "binary").text, timeout: .seconds(10))
    }

    @Test func keepsValuesOfEverySize() throws {
        #expect(try client.ping() > .zero)
        for size in [0, 1, 1_000, 65_536, 300_000] {
            let (key, value) = (Array("size \(size)".utf8), patternBytes(size, seed: UInt64(size)))
            #expect(try client.put(key, value) == .created)
            expectSame(try #require(try client.get(key)), value)
        }
        #expect(try client.get(Array("nothing".utf8)) == nil)
    }

    @Test func scansInTheOrderOfTheKeys() throws {
        for number in (0..<500).reversed() {
            _ = try client.put(Array("key \(1_000 + number)".utf8), Array("\(number)".utf8))
        }
        let entries = try client.scan(prefix: Array("key ".utf8))
        #expect(entries.map { String(decoding: $0.value, as: UTF8.self) } == (0..<500).map { "\($0)" })
    }

    /// Each generation has its own store in memory. `on_reload = "pin"`, as in the sample, keeps a session with its store.
    @Test func aPinnedSessionKeepsItsKeysAcrossASwap() throws {
        try server.folder.listen("binary", plugin: "binary.so", "on_reload = \"pin\"\n[limits]\nmax_input = \"2MiB\"")
        #expect(try server.reload("binary") != .refused)
        #expect(try client.put(Array("before".utf8), Array("1".utf8)) == .created)
        try swap()
        #expect(try client.get(Array("before".utf8)) == Array("1".utf8))
        let new = try BinaryClient.connect(address: server.address(of: "binary").text, timeout: .seconds(10))
        #expect(try new.get(Array("before".utf8)) == nil)
    }

    @Test func aMovedSessionUsesTheStoreOfItsNewGeneration() throws {
        #expect(try client.put(Array("before".utf8), Array("1".utf8)) == .created)
        try swap()
        #expect(try client.get(Array("before".utf8)) == nil)
        #expect(try client.put(Array("after".utf8), Array("2".utf8)) == .created)
        let new = try BinaryClient.connect(address: server.address(of: "binary").text, timeout: .seconds(10))
        #expect(try new.get(Array("after".utf8)) == Array("2".utf8))
    }

    private func swap() throws {
        try server.folder.install(BuildFolder.plugin("BinaryPlugin"), as: "binary.so", appending: [1])
        #expect(try server.reload("binary") == .swapped)
    }
}
