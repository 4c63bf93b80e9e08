import MartletClient
import Testing

/// Versions, batches, expiry and watches, through the client library.
@Suite struct ClientStoreTests {
    private func client(_ server: RunningServer) throws -> MartletClient {
        var configuration = MartletClient.Configuration()
        configuration.requestTimeout = .seconds(30)
        return try MartletClient(server.address(of: "binary").text, configuration)
    }

    @Test func tasksThatCompareVersionsLoseNoUpdate() throws {
        let server = try binaryServer()
        let client = try client(server)
        try AsyncThread.run {
            try await client.put("counter", "0", if: .absent)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 {
                    group.addTask { for _ in 0..<50 { try await increment("counter", client) } }
                }
                try await group.waitForAll()
            }
            #expect(try await client.get("counter") == Array("400".utf8))
        }
    }

    @Test func aBatchIsExecutedAsAWhole() throws {
        let server = try binaryServer()
        let client = try client(server)
        try AsyncThread.run {
            guard
                case .done(let versions) = try await client.batch({ batch in
                    for number in 0..<1_000 { batch.put("key \(number)", "\(number)", if: .absent) }
                })
            else { throw Failure("the keys are new") }
            #expect(versions.count == 1_000 && versions.allSatisfy { $0 > 0 })
            let refused = try await client.batch { batch in
                batch.delete("key 1")
                batch.put("key 2", "x", if: .version(versions[3]))
            }
            #expect(refused == .conditionNotMet(index: 1, version: versions[2]))
            #expect(try await client.read("key 1")?.version == versions[1])
        }
    }

    @Test func keysVanishAfterTheirTime() throws {
        let server = try binaryServer()
        let client = try client(server)
        try AsyncThread.run {
            var changes = try await client.watch("short").makeAsyncIterator()
            try await client.put("short", "1", timeToLive: .milliseconds(50))
            try await client.put("long", "1", timeToLive: .seconds(1_000))
            guard case .put(key: Array("short".utf8), _)? = try await changes.next() else { throw Failure("no put") }
            #expect(try await changes.next() == .expired(key: Array("short".utf8)))
            #expect(try await client.get("short") == nil)
            let rest = try #require(try await client.read("long")?.timeToLive)
            #expect(rest > .seconds(900) && rest <= .seconds(1_000))
        }
    }

    @Test func watchesSurviveASwap() throws {
        let server = try binaryServer()
        let client = try client(server)
        let (changes, all) = try AsyncThread.run {
            (try await client.watch("k"), try await client.watch(prefix: ""))
        }
        for swap in 1...3 {
            try server.folder.install(BuildFolder.plugin("BinaryPlugin"), as: "binary.so", appending: [UInt8(swap)])
            #expect(try server.reload("binary") == .swapped)
            try AsyncThread.run {
                guard case .done(let version, _) = try await client.put("k", "\(swap)", if: .always) else {
                    throw Failure("there is no condition")
                }
                for watched in [changes, all] {
                    var iterator = watched.makeAsyncIterator()
                    #expect(try await iterator.next() == .put(key: Array("k".utf8), version: version))
                }
            }
        }
    }

    @Test func watchesMoveToTheNextServer() throws {
        let folder = try ServerFolder()
        try folder.install(BuildFolder.plugin("BinaryPlugin"), as: "binary.so")
        let port = try freePort()
        try folder.listen("binary", plugin: "binary.so", on: ["127.0.0.1:\(port)"])
        var server = try RunningServer(folder)
        let client = try client(server)
        let changes = try AsyncThread.run { try await client.watch("k") }
        #expect(try server.stop() == 0)
        server = try RunningServer(folder)
        try AsyncThread.run {
            var iterator = changes.makeAsyncIterator()
            #expect(try await iterator.next() == .lost)
            try await client.put("k", "1")
            guard case .put(key: Array("k".utf8), _)? = try await iterator.next() else { throw Failure("no put") }
        }
        withExtendedLifetime(server) {}
    }
}

/// Adds one to a number in the store, whoever else does the same.
private func increment(_ key: String, _ client: MartletClient) async throws {
    while true {
        guard let record = try await client.read(key), let number = Int(String(decoding: record.value, as: UTF8.self))
        else { throw Failure("\(key): expected a number") }
        if case .done = try await client.put(key, "\(number + 1)", if: .version(record.version)) { return }
    }
}
