import BinaryWire
import Glibc
import Testing

@testable import MartletClient

@Suite struct OperationTests {
    private let store = TestStore()

    private func server(_ family: ListeningSocket.Family = .ipv4) throws -> ScriptedServer {
        try ScriptedServer(family) { [store] in store.serve($0) }
    }

    @Test func callsEveryOperation() async throws {
        let server = try server()
        let client = try MartletClient.test(server)
        let description = try await client.connect()
        #expect(description.name == "test" && description.version == 1)
        #expect(description.heartbeatInterval == .seconds(30))
        #expect(try await client.ping() > .zero)
        #expect(try await client.echo("hello") == utf8("hello"))
        #expect(try await client.get("k") == nil)
        #expect(try await client.put("k", "v") == .created)
        #expect(try await client.put(utf8("k"), utf8("k").dropFirst()) == .replaced)
        #expect(try await client.get(utf8("k")) == [])
        #expect(try await client.delete("k"))
        #expect(try await !client.delete("k"))
        await client.close()
        #expect(server.accepted == 1)
    }

    @Test func writesUnderConditions() async throws {
        let server = try server()
        let client = try MartletClient.test(server)
        #expect(try await client.read("k") == nil)
        guard case .done(let first, existed: false) = try await client.put("k", "1", if: .absent) else {
            throw Failure(description: "the key is new")
        }
        #expect(try await client.put("k", "2", if: .absent) == .conditionNotMet(version: first))
        #expect(try await client.read("k") == .init(value: utf8("1"), version: first, timeToLive: nil))
        #expect(try await client.put("k", "2", if: .version(first)) == .done(version: first + 1, existed: true))
        #expect(try await client.delete("k", if: .version(first)) == .conditionNotMet(version: first + 1))
        #expect(try await client.delete("k", if: .present) == .done(version: 0, existed: true))
        #expect(
            try await client.put("k", "3", timeToLive: .milliseconds(1)) == .done(version: first + 2, existed: false))
    }

    @Test func writesBatchesAsAWhole() async throws {
        let server = try server()
        let client = try MartletClient.test(server)
        let done = try await client.batch { batch in
            batch.put("a", "1")
            batch.put("b", "2", if: .absent)
            batch.delete("a", if: .present)
        }
        #expect(done == .done(versions: [1, 2, 0]))
        let refused = try await client.batch { batch in
            batch.put("a", "1")
            batch.put("b", "3", if: .version(1))
        }
        #expect(refused == .conditionNotMet(index: 1, version: 2))
        #expect(try await client.get("a") == nil)
        let empty = await reason { _ = try await client.batch { _ in } }
        #expect(empty == .invalidRequest(.outOfLimits))
    }

    @Test func carriesTheLargestValue() async throws {
        let server = try server()
        let client = try MartletClient.test(server)
        let value = (0..<WireLimits.valueBytes).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        #expect(try await client.put("k", value) == .created)
        #expect(try await client.get("k") == value)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<2 {
                group.addTask {
                    try await client.put("k\(number)", value)
                    return try await client.get("k\(number)") == value
                }
            }
            for try await isSame in group { #expect(isSame) }
        }
    }

    @Test func scansPageByPage() async throws {
        let store = TestStore(pageEntries: 3)
        let server = try ScriptedServer { store.serve($0) }
        let client = try MartletClient.test(server)
        let keys = (0..<20).map { "key/\($0 / 10)\($0 % 10)" }
        for key in keys { try await client.put(key, key + "!") }
        try await client.put("other", "")
        var found: [MartletClient.Entry] = []
        for try await entry in client.scan(prefix: "key/") { found.append(entry) }
        #expect(found == keys.map { .init(key: utf8($0), value: utf8($0 + "!")) })
        #expect(try await client.scan(prefix: "key/", after: "key/17").reduce(0) { count, _ in count + 1 } == 2)
        #expect(try await client.scan().reduce(0) { count, _ in count + 1 } == 21)
        #expect(try await client.scan(prefix: "nothing").first { _ in true } == nil)
        // Leaving the loop early asks for no more pages.
        for try await entry in client.scan(prefix: "key/", pageEntries: 2) where entry.key == utf8("key/01") { break }
    }

    @Test func connectsByNameAndByPath() async throws {
        let byName = try server()
        #expect(try await MartletClient.test(["localhost:\(byName.port)"]).echo("1") == utf8("1"))
        let path = "/tmp/martlet-client-test-\(getpid()).sock"
        defer { unlink(path) }
        let byPath = try server(.unix(path: path))
        #expect(try await MartletClient.test(byPath).echo("2") == utf8("2"))
    }

    private static let hasIPv6 = (try? ListeningSocket(.ipv6)).map { close($0.descriptor) == 0 } ?? false

    @Test(.enabled(if: hasIPv6, "this machine has no IPv6")) func connectsByIPv6() async throws {
        let byIPv6 = try server(.ipv6)
        #expect(try await MartletClient.test(byIPv6).echo("3") == utf8("3"))
    }

    @Test func refusesWhatBreaksALimitWithoutSendingIt() async throws {
        let server = try server()
        let client = try MartletClient.test(server)
        #expect(await reason { _ = try await client.get("") } == .invalidRequest(.outOfLimits))
        let tooMuch = [UInt8](repeating: 0, count: 2_000_000)
        #expect(
            await reason { _ = try await client.echo(tooMuch) }
                == .invalidRequest(.payloadTooLarge(limit: 1_052_672)))
        #expect(try await client.echo("1") == utf8("1"))
        #expect(server.accepted == 1)
    }

    @Test(arguments: ["localhost", "localhost:0", "::1:7100", ":7100", "unix:", "a:b:1", "localhost:70000", "a\0b:1"])
    func refusesWhatIsNoAddress(_ address: String) {
        #expect { _ = try MartletClient(address) } throws: { error in
            guard case .invalidConfiguration(let text)? = (error as? MartletClientError)?.reason else { return false }
            return text.contains("is not an address")
        }
    }

    @Test func refusesSettingsOutsideTheirLimits() {
        let changes: [(inout MartletClient.Configuration) -> Void] = [
            { $0.maximumConnections = 0 }, { $0.minimumConnections = 5 }, { $0.requestsPerConnection = 0 },
            { $0.requestsPerConnection = 5_000 }, { $0.connectTimeout = .zero }, { $0.requestTimeout = .seconds(-1) },
            { $0.heartbeatInterval = .zero }, { $0.retry.attempts = 0 }, { $0.retry.connectAttempts = 0 },
            { $0.name = "a\nb" }, { $0.maximumPayload = 1_000 }, { $0.retry.base = .seconds(-1) },
            { $0.tls = .init(authorities: "/nonexistent") },
        ]
        for change in changes {
            #expect(throws: MartletClientError.self) { _ = try MartletClient.test(["localhost:1"], nil, change) }
        }
        #expect(throws: MartletClientError.self) { _ = try MartletClient([]) }
    }
}
