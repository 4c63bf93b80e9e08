import Testing

/// `max_buffer_memory`: the server closes connections that need more memory than there is, and continues.
@Suite(.serialized) struct BufferMemoryLimitTests {
    /// Connects this many peers that do not read. Each sends until it is blocked or the server closes its connection.
    private func crowd(_ server: RunningServer, _ count: Int) throws -> [Peer] {
        let address = try server.address()
        let chunk = patternBytes(1 << 20)
        return try (0..<count).map { _ in
            let peer = try Peer(address, receiveBuffer: 4 << 10)
            _ = try? peer.sendUntilBlocked(chunk, quiet: 20, limit: 32 << 20)
            return peer
        }
    }

    @Test func connectionsThatNeedMoreAreClosedAndOthersContinue() throws {
        let server = try RunningServer.echo(process: "max_buffer_memory = \"1MiB\"")
        let modest = try server.connect()
        #expect(try modest.ask("before") == "before")
        let peers = try crowd(server, 16)
        try waitUntil("some connections are closed") {
            try server.hits("max_buffer_memory", of: "echo") > 0 && server.counts(of: "echo").open < 17
        }
        #expect(try server.status().bufferBytes <= 1 << 20)
        #expect(try modest.ask("meanwhile") == "meanwhile", "an answer that its peer reads needs no buffer")
        for peer in peers { peer.reset() }
        try waitUntil("the peers are gone") { try server.openConnections == 1 }
        #expect(try modest.ask("after") == "after")
    }

    @Test func itRecoversOnEveryLoop() throws {
        let server = try RunningServer.echo(process: "max_buffer_memory = \"1MiB\"\nloops = 4")
        for _ in 0..<3 {
            let peers = try crowd(server, 12)
            for peer in peers { peer.reset() }
            try waitUntil("the peers are gone") { try server.openConnections == 0 }
            try waitUntil("cached buffers use at most half of the limit") {
                try server.status().bufferBytes <= 512 << 10
            }
            // Enough peers for each loop to get some, and each of them needs buffers.
            let bytes = patternBytes(200_000)
            for _ in 0..<12 {
                let peer = try Peer(server.address(), receiveBuffer: 4 << 10)
                try peer.send(bytes)
                expectSame(try peer.receive(bytes.count), bytes)
            }
        }
    }

    @Test func noConnectionIsAcceptedWithoutBufferMemory() throws {
        let folder = try ServerFolder(process: "loops = 1\nmax_buffer_memory = \"64KiB\"")
        try folder.serveHTTP(version: 1)
        let server = try RunningServer(folder)
        // Each incomplete request needs a buffer of 1 KiB, the smallest.
        let greedy = try (0..<64).map { _ in
            let peer = try server.connect(to: "http")
            try peer.send("GET / HTTP/1.1\r\nHost: x\r\n")
            return peer
        }
        try waitUntil("no buffer memory is left") { try server.status().bufferBytes == 64 << 10 }
        let waiting = try server.connect(to: "http")
        try waiting.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        #expect(!waiting.hasInput(within: 150))
        try waitUntil("the limit is counted") { try server.hits("max_buffer_memory", of: "http") > 0 }
        greedy[0].reset()
        #expect(try waiting.receiveLine().hasPrefix("HTTP/1.1"))
    }

    @Test func theLimitCanBeRaisedWhileTheServerRuns() throws {
        let server = try RunningServer.echo(process: "max_buffer_memory = \"64KiB\"")
        for peer in try crowd(server, 4) { peer.reset() }
        // A peer that waits for memory is counted when its turn comes, so the number is final when all peers are accepted and closed.
        try waitUntil("all peers are accepted and closed") {
            let counts = try server.counts(of: "echo")
            return counts.accepted == 4 && counts.open == 0
        }
        let hits = try server.hits("max_buffer_memory", of: "echo")
        #expect(hits > 0)
        try server.folder.configure("max_buffer_memory = \"64MiB\"")
        try server.reload()
        let peers = try crowd(server, 4)
        try waitUntil("the peers use more than the old limit") { try server.status().bufferBytes > 256 << 10 }
        #expect(try server.hits("max_buffer_memory", of: "echo") == hits)
        #expect(peers.allSatisfy { !$0.hasEnded })
    }
}
