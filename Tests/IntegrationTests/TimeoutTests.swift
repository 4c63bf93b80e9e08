import Testing

/// Time limits: active connections stay open, inactive ones are closed.
@Suite struct TimeoutTests {
    @Test func anIdleConnectionIsClosedInOrder() throws {
        let server = try RunningServer.echo("[limits]\nidle_timeout = \"1s\"")
        let peer = try server.connect()
        let (end, time) = try measure {
            #expect(try peer.ask("hi") == "hi")
            return try peer.waitForEnd()
        }
        #expect(end == .closed)
        #expect(time > .milliseconds(900), "\(time)")
        #expect(try server.hits("idle_timeout", of: "echo") == 1)
        try waitUntil("the slot is free") { try server.openConnections == 0 }
    }

    @Test func anActiveConnectionOutlivesItsIdleTimeout() throws {
        let server = try RunningServer.echo("[limits]\nidle_timeout = \"2s\"")
        let peer = try server.connect()
        for _ in 0..<30 {
            #expect(try peer.ask("tick") == "tick")
            observe(for: .milliseconds(100))
        }
    }

    @Test func aSilentPeerIsClosedToo() throws {
        let server = try RunningServer.echo("[limits]\nidle_timeout = \"150ms\"")
        #expect(try server.connect().waitForEnd() == .closed)
    }

    @Test func aPeerThatReadsNothingIsCutAtTheWriteTimeout() throws {
        let server = try RunningServer.echo("[limits]\nwrite_timeout = \"200ms\"\nidle_timeout = \"0s\"")
        let peer = try Peer(server.address(), receiveBuffer: 4 << 10)
        let chunk = patternBytes(1 << 20)
        try waitUntil("the peer is cut") { (try? peer.sendUntilBlocked(chunk, quiet: 100)) == nil }
        try waitUntil("the connection is gone") { try server.openConnections == 0 }
        #expect(try server.hits("write_timeout", of: "echo") == 1)
    }

    @Test func aSlowReaderIsNotCut() throws {
        let server = try RunningServer.echo("[limits]\nwrite_timeout = \"1s\"")
        let peer = try Peer(server.address(), receiveBuffer: 4 << 10)
        let bytes = patternBytes(150_000)
        try peer.send(bytes)
        peer.finishSending()
        var received: [UInt8] = []
        for _ in 0..<20 {
            received += try peer.receive(1_000)
            observe(for: .milliseconds(80))
        }
        received += try peer.receiveToEnd()
        expectSame(received, bytes)
    }

    @Test func changedLimitsApplyToNewConnections() throws {
        let server = try RunningServer.echo("on_reload = \"pin\"\n[limits]\nidle_timeout = \"0s\"")
        let old = try server.connect()
        #expect(try old.ask("old") == "old")
        try server.folder.listen("echo", plugin: "echo.so", "on_reload = \"pin\"\n[limits]\nidle_timeout = \"100ms\"")
        #expect(try server.reload("echo") == .swapped)
        #expect(try server.connect().waitForEnd() == .closed)
        #expect(try old.ask("still") == "still")
    }
}
