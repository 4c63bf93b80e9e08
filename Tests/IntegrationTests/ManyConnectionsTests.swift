import Glibc
import Testing

/// Five thousand connections at once, all of them released afterwards.
@Suite(.serialized) struct ManyConnectionsTests {
    @Test func fiveThousandConnectionsAreServedAndReleased() throws {
        try raiseDescriptorLimit()
        let server = try RunningServer.echo("[socket]\nbacklog = 4096")
        let address = try server.address()
        let (before, memory) = (try server.status(), try server.ownBytes)
        var peers: [Peer] = []
        for _ in 0..<5_000 { peers.append(try Peer(address)) }
        try waitUntil("all connections are accepted") { try server.openConnections >= 5_000 }
        let during = try server.ownBytes
        for peer in peers { try peer.send("once\n") }
        for peer in peers { #expect(try peer.receiveLine() == "once") }
        peers = []
        try waitUntil("all connections are released") { try server.openConnections == 0 }
        let after = try server.status()
        let each = (during - min(memory, during)) / 5_000
        print("5,000 idle connections: \(each) bytes each")
        #expect(each < Sanitizer.bytes(2_048))
        try waitUntil("no descriptor leaks") {
            try server.status().fileDescriptors <= before.fileDescriptors
        }
        #expect(after.totals.accepted == 5_000)
    }

    @Test func benchIdleHoldsConnectionsFromAnotherProcess() throws {
        let server = try RunningServer.echo()
        let address = try server.address().text
        let bench = try Subprocess(
            BuildFolder.martlet, ["bench", "idle", "--address", address, "--connections", "2000"])
        try waitUntil("all connections are open") { bench.output.contains("holding 2000") }
        try waitUntil("all connections are accepted") { try server.openConnections == 2_000 }
        #expect(try server.connect().ask("there") == "there")
        bench.closeInput()
        #expect(try bench.wait().status == 0)
        try waitUntil("all connections are released") { try server.openConnections == 0 }
    }

    private func raiseDescriptorLimit() throws {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        try #require(limit.rlim_cur >= 8_000, "the limit on open files is too low for this test")
    }
}
