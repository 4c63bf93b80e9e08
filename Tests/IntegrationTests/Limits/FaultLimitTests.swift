import Glibc
import Testing

/// `fault_limit`: a plugin that breaks the rules too often gets no more connections.
@Suite struct FaultLimitTests {
    private func fault(_ server: RunningServer, _ name: String) throws {
        let peer = try server.connect(to: name)
        try peer.send("misbehave")
        _ = try peer.waitForEnd()
    }

    @Test func afterSoManyFaultsNewConnectionsAreRefusedUntilAnotherPluginComes() throws {
        let server = try RunningServer.fixture("consumes-too-much", "[limits]\nfault_limit = 3")
        for _ in 0..<3 {
            #expect(try server.listener("consumes-too-much")?.state == .running)
            try fault(server, "consumes-too-much")
        }
        #expect(try server.listener("consumes-too-much")?.state == .refusing)
        for _ in 0..<4 { #expect(try server.connect(to: "consumes-too-much").waitForEnd() == .reset) }
        #expect(try server.hits("fault_limit", of: "consumes-too-much") == 4)
        #expect(try server.counts(of: "consumes-too-much").faults == 3)

        // The log is written every five seconds.
        try waitUntil("the log says so") { server.log.contains("(fault_limit)") }
        let line = try #require(server.log.split(separator: "\n").first { $0.contains("(fault_limit)") })
        #expect(line.contains("listener=consumes-too-much") && line.contains("martlet rollback consumes-too-much"))

        #expect(try server.reload("consumes-too-much") == .unchanged)
        #expect(try server.connect(to: "consumes-too-much").waitForEnd() == .reset)
        try server.folder.install(Fixture.library("spins"), as: "consumes-too-much.so")
        #expect(try server.reload("consumes-too-much") == .swapped)
        #expect(try server.listener("consumes-too-much")?.state == .running)
        #expect(try server.connect(to: "consumes-too-much").ask("well") == "well")
    }

    @Test func whoIsConnectedStaysConnected() throws {
        let server = try RunningServer.fixture("writes-after-close", "[limits]\nfault_limit = 1")
        let stays = try server.connect(to: "writes-after-close")
        try waitUntil("it is there") { try server.openConnections == 1 }
        try fault(server, "writes-after-close")
        #expect(try server.listener("writes-after-close")?.state == .refusing)
        #expect(try server.connect(to: "writes-after-close").waitForEnd() == .reset)
        try stays.send("still")
        #expect(try stays.receive(4) == Array("last".utf8))
    }

    @Test func otherListenersAreNotConcerned() throws {
        let folder = try ServerFolder()
        try folder.installEcho()
        try folder.installFixture("consumes-too-much", "[limits]\nfault_limit = 1")
        let server = try RunningServer(folder)
        try fault(server, "consumes-too-much")
        #expect(try server.listener("consumes-too-much")?.state == .refusing)
        #expect(try server.connect().ask("well") == "well")
    }

    @Test func everyWriteAfterItsOwnCloseIsOneFault() throws {
        let server = try RunningServer.fixture("writes-after-close")
        try fault(server, "writes-after-close")
        #expect(
            try server.counts(of: "writes-after-close").faults == 5, "write, reserve, commit, write_shared, send_file")
    }

    @Test func withoutALimitItIsCountedAndServed() throws {
        let server = try RunningServer.fixture("consumes-too-much", "[limits]\nfault_limit = 0")
        for _ in 0..<150 { try fault(server, "consumes-too-much") }
        #expect(try server.counts(of: "consumes-too-much").faults == 150)
        #expect(try server.listener("consumes-too-much")?.state == .running)
    }
}
