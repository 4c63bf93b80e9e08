import Testing

/// `idle_timeout`, `write_timeout`, `max_input` and the water marks are counted. Other tests check that the limits take effect.
@Suite struct TrafficLimitTests {
    @Test func anIdleConnectionIsCounted() throws {
        let server = try RunningServer.shout("[limits]\nidle_timeout = \"1s\"")
        let peer = try server.connect(to: "shout")
        #expect(try peer.ask("hi") == "HI")
        #expect(try peer.waitForEnd() == .closed)
        #expect(try server.hits("idle_timeout") == 1)
    }

    @Test func aPeerThatDoesNotReadIsCountedForBothLimits() throws {
        let server = try RunningServer.echo("[limits]\nwrite_timeout = \"300ms\"\nidle_timeout = \"0s\"")
        let peer = try Peer(server.address(), receiveBuffer: 4 << 10)
        let chunk = patternBytes(1 << 20)
        #expect(throws: Failure.self) { while true { _ = try peer.sendUntilBlocked(chunk, quiet: 1_000) } }
        #expect(try server.hits("output_high_water", of: "echo") == 1)
        #expect(try server.hits("write_timeout", of: "echo") == 1)
    }

    @Test func unconsumedInputIsCounted() throws {
        let server = try RunningServer.shout("[limits]\nmax_input = \"64KiB\"")
        let peer = try server.connect(to: "shout")
        let line = String(repeating: "x", count: 60_000)
        #expect(try peer.ask(line) == line.uppercased(), "below the limit the input may wait")
        _ = try? peer.send(patternBytes(200_000).map { $0 == 10 ? 11 : $0 })
        _ = try peer.waitForEnd()
        #expect(try server.hits("max_input") == 1)
    }

    @Test func aPeerThatReadsInTimeIsNotCounted() throws {
        let server = try RunningServer.echo("[limits]\nwrite_timeout = \"2s\"\nidle_timeout = \"2s\"")
        let peer = try server.connect()
        for _ in 0..<30 {
            #expect(try peer.ask("tick") == "tick")
            observe(for: .milliseconds(100))
        }
        #expect(try server.counts(of: "echo").limits.isEmpty)
    }
}
