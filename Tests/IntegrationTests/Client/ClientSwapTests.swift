import MartletClient
import Testing

/// What a client has moves with its connection when the plugin is swapped.
@Suite struct ClientSwapTests {
    private let server: RunningServer
    private let client: MartletClient

    init() throws {
        server = try binaryServer()
        client = try Self.client(server)
    }

    private static func client(_ server: RunningServer) throws -> MartletClient {
        var configuration = MartletClient.Configuration()
        configuration.requestTimeout = .seconds(30)
        configuration.maximumConnections = 1
        return try MartletClient(server.address(of: "binary").text, configuration)
    }

    private func swap(copy: UInt8 = 1) throws {
        try server.folder.install(BuildFolder.plugin("BinaryPlugin"), as: "binary.so", appending: [copy])
        #expect(try server.reload("binary") == .swapped)
    }

    @Test func theKeysMoveWithTheSessions() throws {
        try AsyncThread.run { [client] () async throws in
            for number in 0..<2_000 { try await client.put("key \(number)", "\(number)") }
        }
        try swap()
        try AsyncThread.run { [client] () async throws in
            for number in 0..<2_000 {
                #expect(try await client.get("key \(number)") == Array("\(number)".utf8))
            }
            #expect(try await client.put("after", "2") == .created)
        }
        #expect(try server.ask("rollback", ",\"listener\":\"binary\"").receipt?.result == .done)
        let new = try Self.client(server)
        try AsyncThread.run { [client] () async throws in
            for session in [client, new] {
                #expect(try await session.get("key 7") == Array("7".utf8))
                #expect(try await session.get("after") == Array("2".utf8))
            }
        }
        // The first client still has its first connection.
        #expect(try server.openConnections == 2)
    }

    @Test func versionsDeadlinesAndWatchesMoveWithTheSessions() throws {
        let writer = try Self.client(server)
        let changes = try AsyncThread.run { [client] in try await client.watch(prefix: "k") }
        var versions: [UInt64] = []
        for round in 0..<3 {
            let condition = versions.last.map { MartletClient.Condition.version($0) } ?? .absent
            let outcome = try AsyncThread.run {
                try await writer.put("key", [UInt8(round)], if: condition, timeToLive: .seconds(3_600))
            }
            guard case .done(let version, _) = outcome else { throw Failure("round \(round): \(outcome)") }
            #expect(version > versions.last ?? 0)
            versions.append(version)
            let change = try AsyncThread.run {
                var iterator = changes.makeAsyncIterator()
                return try await iterator.next()
            }
            #expect(change == .put(key: Array("key".utf8), version: version))
            try swap(copy: UInt8(round + 1))
            let record = try #require(try AsyncThread.run { try await writer.read("key") })
            #expect(record.version == version && record.value == [UInt8(round)])
            #expect(record.timeToLive.map { $0 > .seconds(3_500) } == true)
        }
    }

    /// Two clients add up in two keys with batches, while the plugin is swapped: no addition is lost.
    @Test func nothingIsLostInASwap() throws {
        let adders = try (0..<2).map { _ in
            let client = try Self.client(server)
            return try AsyncThread.start { for _ in 0..<300 { try await addOne(to: ["a", "b"], client) } }
        }
        for copy in 1...5 as ClosedRange<UInt8> { try swap(copy: copy) }
        for adder in adders { try adder.value() }
        try AsyncThread.run { [client] () async throws in
            for key in ["a", "b"] { #expect(try await client.get(key) == Array("600".utf8)) }
        }
    }

    /// A new generation with a smaller store refuses more keys than it may hold, and the old one goes on.
    @Test func keysThatDoNotFitStayWhereTheyAre() throws {
        let value = [UInt8](repeating: 1, count: 1 << 20)
        try AsyncThread.run { [client] in for number in 0..<4 { try await client.put("key \(number)", value) } }
        try server.folder.listen(
            "binary", plugin: "binary.so", "[limits]\nmax_input = \"2MiB\"\n[options]\nmax_store_bytes = \"2MiB\"")
        #expect(try server.reload().result == .refused)
        let found = try AsyncThread.run { [client] in try await client.get("key 3") }
        #expect(found == value)
    }
}

/// Adds one to the number under each key, in one batch, whoever else does the same.
private func addOne(to keys: [String], _ client: MartletClient) async throws {
    while true {
        var records: [MartletClient.Record?] = []
        for key in keys { records.append(try await client.read(key)) }
        let outcome = try await client.batch { batch in
            for (key, record) in zip(keys, records) {
                let number = record.flatMap { Int(String(decoding: $0.value, as: UTF8.self)) } ?? 0
                batch.put(key, "\(number + 1)", if: record.map { .version($0.version) } ?? .absent)
            }
        }
        if case .done = outcome { return }
    }
}
