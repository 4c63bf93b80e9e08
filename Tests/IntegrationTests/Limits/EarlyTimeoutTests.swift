import Testing

/// `first_byte_timeout`, `handshake_timeout`, `lifetime`: the time until a connection's first byte, for its handshake, and in total.
@Suite struct EarlyTimeoutTests {
    @Test func aPeerThatSaysNothingIsClosedAtTheFirstByteTimeout() throws {
        let server = try RunningServer.shout("[limits]\nfirst_byte_timeout = \"200ms\"")
        let (end, time) = try measure { try server.connect(to: "shout").waitForEnd() }
        #expect(end == .closed)
        #expect(time > .milliseconds(150), "\(time)")
        #expect(try server.hits("first_byte_timeout") == 1)
        #expect(try server.hits("idle_timeout") == 0)
    }

    @Test func aFirstByteIsEnough() throws {
        let server = try RunningServer.shout("[limits]\nfirst_byte_timeout = \"300ms\"")
        let peer = try server.connect(to: "shout")
        try peer.send("s")
        #expect(!peer.hasInput(within: 700))
        #expect(try peer.ask("low") == "SLOW")
    }

    @Test func halfAPROXYHeaderTimesOutAtTheHandshakeTimeout() throws {
        let server = try RunningServer.shout(
            "[limits]\nhandshake_timeout = \"300ms\"\n[access]\nproxies = [\"127.0.0.1\"]")
        let silent = try server.connect(to: "shout")
        let slow = try server.connect(to: "shout")
        for byte in "PROXY TCP4 192.0.2.1" {
            guard !slow.hasInput(within: 30) else { break }
            try slow.send("\(byte)")
        }
        for peer in [silent, slow] { _ = try peer.waitForEnd() }
        #expect(try server.hits("handshake_timeout") == 2)
        for peer in [silent, slow] { peer.close() }
        try waitUntil("both connections are gone") { try server.counts(of: "shout").open == 0 }
        #expect(try server.listener("shout")?.metrics.first { $0.name == "sessions" }?.value ?? 0 == 0)
    }

    @Test func aPluginMayFinishAtTheEndOfTheLifetime() throws {
        let server = try RunningServer.shout("[limits]\nlifetime = \"1s\"")
        let address = try server.address(of: "shout")
        let ((peer, end), time) = try measure {
            let peer = try Peer(address)
            #expect(try peer.ask("busy") == "BUSY")
            return (peer, try peer.receiveLine())
        }
        #expect(end == "GOODBYE")
        #expect(time > .milliseconds(900), "\(time)")
        #expect(try peer.waitForEnd() == .closed)
        #expect(try server.hits("lifetime") == 1)
    }

    /// Takes five seconds, the length of the grace period.
    @Test func anOpenConnectionIsCutAfterTheGracePeriod() throws {
        let server = try RunningServer.fixture("holds-on", "[limits]\nlifetime = \"100ms\"")
        let peer = try server.connect(to: "holds-on")
        #expect(try peer.receive(2) == Array("no".utf8))
        let (end, time) = try measure { try peer.waitForEnd() }
        #expect(end == .reset)
        #expect(time > .seconds(4), "\(time)")
        #expect(try server.hits("lifetime", of: "holds-on") == 1, "one connection, counted once")
    }

    @Test func aPROXYHeaderCountsTowardsTheLifetime() throws {
        let server = try RunningServer.shout(
            "[limits]\nlifetime = \"100ms\"\nhandshake_timeout = \"0s\"\n[access]\nproxies = [\"127.0.0.1\"]")
        let peer = try server.connect(to: "shout")
        #expect(try peer.waitForEnd() == .reset)
        #expect(try server.hits("lifetime") == 1)
    }
}
