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

    @Test func theKeysMoveWithTheSessions() throws {
        for number in 0..<2_000 { _ = try client.put(Array("key \(number)".utf8), Array("\(number)".utf8)) }
        try swap()
        for number in 0..<2_000 {
            #expect(try client.get(Array("key \(number)".utf8)) == Array("\(number)".utf8))
        }
        #expect(try client.put(Array("after".utf8), Array("2".utf8)) == .created)
        #expect(try server.ask("rollback", ",\"listener\":\"binary\"").receipt?.result == .done)
        let new = try BinaryClient.connect(address: server.address(of: "binary").text, timeout: .seconds(10))
        for session in [client, new] {
            #expect(try session.get(Array("key 7".utf8)) == Array("7".utf8))
            #expect(try session.get(Array("after".utf8)) == Array("2".utf8))
        }
    }

    /// A new generation with a smaller store refuses more keys than it may hold, and the old one goes on.
    @Test func keysThatDoNotFitStayWhereTheyAre() throws {
        let value = [UInt8](repeating: 1, count: 1 << 20)
        for number in 0..<4 { _ = try client.put(Array("key \(number)".utf8), value) }
        try server.folder.listen(
            "binary", plugin: "binary.so", "[limits]\nmax_input = \"2MiB\"\n[options]\nmax_store_bytes = \"2MiB\"")
        #expect(try server.reload().result == .refused)
        #expect(try client.get(Array("key 3".utf8)) == value)
    }

    private func swap() throws {
        try server.folder.install(BuildFolder.plugin("BinaryPlugin"), as: "binary.so", appending: [1])
        #expect(try server.reload("binary") == .swapped)
    }
}
