import BinaryClient
import BinaryWire
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

    @Test func versionsDeadlinesAndWatchesMoveWithTheSessions() throws {
        let writer = try BinaryClient.connect(address: server.address(of: "binary").text, timeout: .seconds(10))
        let watch = try client.watch(.prefix, Array("k".utf8))
        let key = Array("key".utf8)
        var versions: [UInt64] = []
        for round in 0..<3 {
            let condition = versions.last.map { WriteCondition.version($0) } ?? .absent
            let write = Write.put(key, [UInt8(round)], if: condition, timeToLiveMilliseconds: 3_600_000)
            let answer = try writer.write(write)
            #expect(answer.isDone && answer.version > versions.last ?? 0)
            versions.append(answer.version)
            let change = try client.nextChange()
            #expect(change.watch == watch && change.kind == .put && change.key == key)
            #expect(change.version == answer.version)
            try swap(copy: UInt8(round + 1))
            let read = try #require(try writer.read(key))
            #expect(read.version == answer.version && read.value == [UInt8(round)])
            #expect(read.timeToLive.map { $0 > .seconds(3_500) } == true)
        }
    }

    /// One client adds up in a key under conditions, another in batches, while the plugin is swapped: no addition is lost.
    @Test func nothingIsLostInASwap() throws {
        let address = try server.address(of: "binary").text
        let keys = [Array("a".utf8), Array("b".utf8)]
        let adders = try (0..<2).map { _ in
            try Background {
                let client = try BinaryClient.connect(address: address, timeout: .seconds(20))
                for _ in 0..<300 {
                    while true {
                        let old = try keys.map { try client.read($0) }
                        let writes = zip(keys, old).map { key, old in
                            Write.put(
                                key,
                                Array(
                                    "\((old.flatMap { Int(String(decoding: $0.value, as: UTF8.self)) } ?? 0) + 1)".utf8),
                                if: old.map { .version($0.version) } ?? .absent)
                        }
                        if case .done = try client.batch(writes) { break }
                    }
                }
            }
        }
        for copy in 1...5 as ClosedRange<UInt8> { try swap(copy: copy) }
        for adder in adders { try adder.value() }
        for key in keys { #expect(try client.get(key) == Array("600".utf8)) }
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

    private func swap(copy: UInt8 = 1) throws {
        try server.folder.install(BuildFolder.plugin("BinaryPlugin"), as: "binary.so", appending: [copy])
        #expect(try server.reload("binary") == .swapped)
    }
}
