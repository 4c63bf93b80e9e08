import Testing

/// `callback_warning`, and blocked event loops.
@Suite(.serialized) struct SlowCallbackTests {
    private func spins(_ more: String = "") throws -> RunningServer { try RunningServer.fixture("spins", more) }

    private func warnings(_ server: RunningServer, _ words: String = "(callback_warning)") -> [Substring] {
        server.log.split(separator: "\n").filter { $0.contains(words) }
    }

    @Test func aSlowCallbackIsLoggedOnce() throws {
        let server = try spins()
        let peer = try server.connect(to: "spins")
        #expect(try peer.ask("quick") == "quick")
        for _ in 0..<3 { #expect(try peer.ask("spin5") == "spin5") }
        try waitUntil("the warning is logged") { !warnings(server).isEmpty }
        let found = warnings(server)
        #expect(found.count == 1, "at most one warning a minute")
        for word in ["listener=spins", "plugin=spinner", "generation=1", "callback=received"] {
            #expect(found[0].contains(word), "\(found[0])")
        }
    }

    @Test func aQuickCallbackIsNotLogged() throws {
        let server = try spins("[limits]\ncallback_warning = \"3s\"")
        let peer = try server.connect(to: "spins")
        #expect(try peer.ask("spin5") == "spin5")
        #expect(warnings(server).isEmpty)
    }

    @Test func zeroTurnsTheWarningOff() throws {
        let server = try spins("[limits]\ncallback_warning = \"0s\"")
        #expect(try server.connect(to: "spins").ask("spin4") == "spin4")
        #expect(warnings(server).isEmpty)
    }

    @Test func aBlockedLoopIsLoggedWithItsCallback() throws {
        let server = try spins("[limits]\ncallback_warning = \"0s\"")
        let peer = try server.connect(to: "spins")
        try peer.send("spin9999")
        try waitUntil("the warning is logged") { !warnings(server, "has not turned").isEmpty }
        #expect(try peer.receive(8) == Array("spin9999".utf8))
        let found = warnings(server, "has not turned")
        #expect(found.count == 1)
        for word in ["listener=spins", "plugin=spinner", "callback=received", "loop="] {
            #expect(found[0].contains(word), "\(found[0])")
        }
    }

    @Test func theOtherLoopContinues() throws {
        let server = try spins()
        let address = try server.address(of: "spins")
        let slow = try Peer(address)
        try slow.send("spin9999")
        // The kernel gives some of these peers to the other loop.
        var quick: [Peer] = []
        try waitUntil("another peer is served meanwhile") {
            quick.append(try Peer(address))
            try quick.last?.send("quick")
            return quick.contains { $0.hasInput(within: 0) }
        }
        #expect(!slow.hasInput(within: 0))
        #expect(try slow.receive(8) == Array("spin9999".utf8))
    }

    @Test func aSlowCallbackOnAWorkerBlocksNoLoop() throws {
        let folder = try ServerFolder(process: "worker_warning = \"200ms\"")
        try folder.installFixture("spins", "dispatch = \"workers\"")
        let server = try RunningServer(folder)
        #expect(try server.connect(to: "spins").ask("spin8") == "spin8")
        try waitUntil("the warning is logged") { !warnings(server, "(worker_warning)").isEmpty }
        #expect(warnings(server).isEmpty)
        #expect(warnings(server, "(worker_warning)")[0].contains("plugin=spinner"))
    }
}
