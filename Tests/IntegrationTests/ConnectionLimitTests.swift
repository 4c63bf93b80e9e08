import Testing

/// At a connection limit the server stops accepting. It refuses nobody: a waiting peer is served when another one disconnects.
@Suite(.serialized) struct ConnectionLimitTests {
    @Test(arguments: ["process", "listener"])
    func peersBeyondTheLimitWaitUntilOthersDisconnect(_ scope: String) throws {
        let server =
            scope == "process"
            ? try RunningServer.echo(process: "max_connections = 4")
            : try RunningServer.echo("[limits]\nconnections = 4")
        var served: [Peer] = []
        for index in 0..<4 {
            let peer = try server.connect()
            #expect(try peer.ask("\(index)") == "\(index)")
            served.append(peer)
        }
        var waiting = try (0..<3).map { _ in try server.connect() }
        for peer in waiting { try peer.send("waited\n") }
        for peer in waiting { #expect(!peer.hasInput(within: 60)) }
        #expect(try server.openConnections == 4)
        for index in 0..<3 {
            served[index].close()
            // Each loop has its own accept queue, so any waiting peer may be the next.
            try waitUntil("one of the waiting peers is served") { waiting.contains { $0.hasInput(within: 0) } }
            let next = try #require(waiting.firstIndex { $0.hasInput(within: 0) })
            #expect(try waiting[next].receiveLine() == "waited")
            served.append(waiting.remove(at: next))
        }
        #expect(try served[3].ask("undisturbed") == "undisturbed")
        #expect(try server.openConnections == 4)
        #expect(try server.status().loops.contains { $0.pausesAtLimit > 0 })
    }

    @Test func aRaisedLimitAdmitsWaitingPeers() throws {
        let server = try RunningServer.echo(process: "max_connections = 1")
        let first = try server.connect()
        #expect(try first.ask("first") == "first")
        let second = try server.connect()
        try second.send("second\n")
        #expect(!second.hasInput(within: 60))
        try server.folder.configure("max_connections = 2")
        try server.reload()
        #expect(try second.receiveLine() == "second")
    }

    @Test func aSwapAtTheLimitKeepsCountingTheOldConnections() throws {
        let server = try RunningServer.echo("[limits]\nconnections = 2")
        let old = try (0..<2).map { _ in try server.connect() }
        for peer in old { #expect(try peer.ask("old") == "old") }
        try server.folder.install(BuildFolder.plugin("EchoPlugin"), as: "echo.so", appending: [7])
        #expect(try server.reload("echo") == .swapped)
        let new = try server.connect()
        try new.send("new\n")
        #expect(!new.hasInput(within: 60))
        old[0].close()
        #expect(try new.receiveLine() == "new")
    }

    @Test func waitingAtALimitCostsNoProcessorTime() throws {
        let server = try RunningServer.echo(process: "max_connections = 1")
        let first = try server.connect()
        #expect(try first.ask("first") == "first")
        let waiting = try (0..<20).map { _ in try server.connect() }
        try server.expectRest()
        #expect(waiting.count == 20)
    }
}
