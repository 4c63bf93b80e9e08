import Glibc
import MartletClient
import Testing

/// The client library against the real server with the binary plugin.
@Suite struct ClientTests {
    private func client(
        _ server: RunningServer, _ change: (inout MartletClient.Configuration) -> Void = { _ in }
    ) throws -> MartletClient {
        var configuration = MartletClient.Configuration()
        configuration.requestTimeout = .seconds(30)
        configuration.connectTimeout = .seconds(30)
        change(&configuration)
        return try MartletClient(server.address(of: "binary").text, configuration)
    }

    @Test func callsEveryOperation() throws {
        let server = try binaryServer()
        let client = try client(server)
        try AsyncThread.run {
            #expect(try await client.connect().name == "martlet")
            #expect(try await client.ping() > .zero)
            #expect(try await client.echo("hello") == Array("hello".utf8))
            for size in [0, 1, 1_000, 65_536, 300_000, 1 << 20] {
                let value = patternBytes(size, seed: UInt64(size))
                #expect(try await client.put("size \(size)", value) == .created)
                #expect(try await client.get("size \(size)") == value)
            }
            #expect(try await client.get("nothing") == nil)
            #expect(try await client.put("size 1", "other") == .replaced)
            #expect(try await client.delete("size 1"))
            #expect(try await !client.delete("size 1"))
            for number in (0..<500).reversed() { try await client.put("key \(1_000 + number)", "\(number)") }
            let found = try await client.scan(prefix: "key ", pageEntries: 99).reduce(into: [String]()) {
                $0.append(String(decoding: $1.value, as: UTF8.self))
            }
            #expect(found == (0..<500).map { "\($0)" })
            await client.close()
        }
        try waitUntil("no connection is left") { try server.openConnections == 0 }
    }

    @Test func aThousandTasksShareOneConnection() throws {
        let server = try binaryServer()
        let client = try client(server) { $0.maximumConnections = 1 }
        let load = try ClientLoad(client, tasks: 1_000)
        try waitUntil("each task has called", within: .seconds(60)) { load.calls > 10_000 }
        #expect(try server.openConnections == 1)
        #expect(try load.finish() == [])
    }

    @Test func noCallFailsWhileThePluginIsSwapped() throws {
        let server = try binaryServer()
        let client = try client(server)
        let load = try ClientLoad(client)
        for swap in 1...10 {
            let before = load.calls
            try waitUntil("calls are answered") { load.calls > before + 100 }
            try server.folder.install(BuildFolder.plugin("BinaryPlugin"), as: "binary.so", appending: [UInt8(swap)])
            server.signal(SIGHUP)
            try waitUntil("generation \(swap + 1) runs", within: .seconds(60)) {
                try server.row("binary").generation == UInt64(swap + 1)
            }
        }
        let before = load.calls
        try waitUntil("calls are answered") { load.calls > before + 100 }
        #expect(try load.finish() == [])
    }

    @Test func callsGoOnAfterTheServerWasKilled() throws {
        let folder = try ServerFolder()
        try folder.install(BuildFolder.plugin("BinaryPlugin"), as: "binary.so")
        let port = try freePort()
        try folder.listen("binary", plugin: "binary.so", on: ["127.0.0.1:\(port)"])
        var server = try RunningServer(folder)
        let client = try client(server)
        let load = try ClientLoad(client, mayForget: true)
        for _ in 0..<3 {
            let before = load.calls
            try waitUntil("calls are answered") { load.calls > before + 100 }
            server.mayCrash = true
            server.signal(SIGKILL)
            _ = try server.process.wait(within: .seconds(20))
            server = try RunningServer(folder)
        }
        let before = load.calls
        try waitUntil("calls are answered", within: .seconds(30)) { load.calls > before + 100 }
        #expect(try load.finish() == [])
    }

    @Test func aRestartOfTheServerIsInvisible() throws {
        let folder = try ServerFolder()
        try folder.install(BuildFolder.plugin("BinaryPlugin"), as: "binary.so")
        let port = try freePort()
        try folder.listen("binary", plugin: "binary.so", on: ["127.0.0.1:\(port)"])
        var server = try RunningServer(folder)
        let client = try client(server)
        let load = try ClientLoad(client, mayForget: true)
        for _ in 0..<2 {
            let before = load.calls
            try waitUntil("calls are answered") { load.calls > before + 100 }
            // The server says goodbye to its connections.
            #expect(try server.stop() == 0)
            server = try RunningServer(folder)
        }
        let before = load.calls
        try waitUntil("calls are answered", within: .seconds(30)) { load.calls > before + 100 }
        #expect(try load.finish() == [])
    }
}
