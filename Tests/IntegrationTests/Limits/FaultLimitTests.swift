import Glibc
import Testing

/// `fault_limit`, `fault_window`, `fault_share`: a plugin that breaks the rules too often gets no connections for a while.
@Suite struct FaultLimitTests {
    /// - Parameter source: the last number of the peer's address.
    private func fault(_ server: RunningServer, _ name: String, from source: Int = 1) throws {
        let peer = try Peer(server.address(of: name), from: "127.0.0.\(source)")
        try peer.send("misbehave")
        _ = try peer.waitForEnd()
    }

    @Test func tooManyFaultsRefuseNewConnectionsForAWhile() throws {
        let server = try RunningServer.fixture(
            "consumes-too-much", "[limits]\nfault_limit = 3\nfault_window = \"3s\"")
        for source in 2...4 {
            #expect(try server.listener("consumes-too-much")?.state == .running)
            try fault(server, "consumes-too-much", from: source)
        }
        #expect(try server.listener("consumes-too-much")?.state == .refusing)
        for _ in 0..<4 { #expect(try server.connect(to: "consumes-too-much").waitForEnd() == .reset) }
        #expect(try server.hits("fault_limit", of: "consumes-too-much") == 4)
        #expect(try server.counts(of: "consumes-too-much").faults == 3)

        try waitUntil("the log names the limit") { server.log.contains("(fault_limit)") }
        let line = try #require(server.log.split(separator: "\n").first { $0.contains("(fault_limit)") })
        #expect(line.contains("listener=consumes-too-much") && line.contains("martlet rollback consumes-too-much"))

        try waitUntil("the listener recovers") { try server.listener("consumes-too-much")?.state == .running }
        let peer = try server.connect(to: "consumes-too-much")
        try peer.send("well")
        #expect(!peer.hasInput(within: 100), "it drops all input")
        try waitUntil("the log reports it") { server.log.contains("the listener takes connections again") }
    }

    @Test func theLogNamesTheRuleTheCallbackAndTheVersion() throws {
        let server = try RunningServer.fixture("consumes-too-much")
        try fault(server, "consumes-too-much")
        try waitUntil("the fault is logged") { server.log.contains("broke a rule of martlet.h") }
        let line = try #require(server.log.split(separator: "\n").first { $0.contains("broke a rule of martlet.h") })
        #expect(line.contains("broke a rule of martlet.h in received: consumed 10 of 9 bytes"), "\(line)")
        for word in ["listener=consumes-too-much", "plugin=minimal", "version=1.0.0", "generation=1", "times=1"] {
            #expect(line.contains(word), "\(line)")
        }
    }

    /// Otherwise a peer that knows how to trigger faults could close the listener to everybody.
    @Test func onePeerDoesNotCloseTheListenerToOthers() throws {
        let server = try RunningServer.fixture("consumes-too-much", "[limits]\nfault_limit = 20")
        for _ in 0..<60 { try fault(server, "consumes-too-much", from: 66) }
        #expect(try server.counts(of: "consumes-too-much").faults == 60)
        #expect(try server.listener("consumes-too-much")?.state == .running)
        #expect(try server.hits("fault_limit", of: "consumes-too-much") == 0)
    }

    @Test func faultsAmongMuchGoodTrafficAreTolerated() throws {
        let server = try RunningServer.fixture("consumes-too-much", "[limits]\nfault_limit = 2\nfault_share = 0.5")
        let address = try server.address(of: "consumes-too-much")
        for source in 2...6 {
            for _ in 0..<3 { try Peer(address).close() }
            // A loop may be behind: until it has accepted them, they are no traffic.
            try waitUntil("the good ones are counted") {
                try server.counts(of: "consumes-too-much").accepted >= UInt64((source - 2) * 4 + 3)
            }
            try fault(server, "consumes-too-much", from: source)
        }
        #expect(try server.listener("consumes-too-much")?.state == .running)
    }

    @Test func openConnectionsStayConnected() throws {
        let server = try RunningServer.fixture("writes-after-close", "[limits]\nfault_limit = 1\nfault_share = 0.0")
        let stays = try server.connect(to: "writes-after-close")
        try waitUntil("the peer is accepted") { try server.openConnections == 1 }
        try fault(server, "writes-after-close")
        #expect(try server.listener("writes-after-close")?.state == .refusing)
        #expect(try server.connect(to: "writes-after-close").waitForEnd() == .reset)
        try stays.send("still")
        #expect(try stays.receive(4) == Array("last".utf8))
    }

    @Test func anotherPluginReopensTheListenerAtOnce() throws {
        let server = try RunningServer.fixture("consumes-too-much", "[limits]\nfault_limit = 1\nfault_window = \"1h\"")
        try fault(server, "consumes-too-much")
        #expect(try server.reload("consumes-too-much") == .unchanged)
        #expect(try server.connect(to: "consumes-too-much").waitForEnd() == .reset)
        try server.folder.install(Fixture.library("spins"), as: "consumes-too-much.so")
        #expect(try server.reload("consumes-too-much") == .swapped)
        #expect(try server.listener("consumes-too-much")?.state == .running)
        #expect(try server.connect(to: "consumes-too-much").ask("well") == "well")
    }

    @Test func otherListenersAreNotAffected() throws {
        let folder = try ServerFolder()
        try folder.installEcho()
        try folder.installFixture("consumes-too-much", "[limits]\nfault_limit = 1")
        let server = try RunningServer(folder)
        try fault(server, "consumes-too-much")
        #expect(try server.listener("consumes-too-much")?.state == .refusing)
        #expect(try server.connect().ask("well") == "well")
    }

    @Test func everyWriteAfterCloseIsAFault() throws {
        let server = try RunningServer.fixture("writes-after-close")
        try fault(server, "writes-after-close")
        #expect(
            try server.counts(of: "writes-after-close").faults == 5, "write, reserve, commit, write_shared, send_file")
    }

    @Test func withoutALimitFaultsAreOnlyCounted() throws {
        let server = try RunningServer.fixture("consumes-too-much", "[limits]\nfault_limit = 0")
        for _ in 0..<150 { try fault(server, "consumes-too-much") }
        #expect(try server.counts(of: "consumes-too-much").faults == 150)
        #expect(try server.listener("consumes-too-much")?.state == .running)
    }
}
