import Testing

/// `request_rate` and `request_burst`.
@Suite(.serialized) struct RequestRateTests {
    /// Sends a hundred requests at once and then one more. At a rate of 1, that one must wait for a minute and a half.
    private func inDebt(_ peer: Peer, _ header: String = "") throws {
        try peer.send(header + String(repeating: "x\n", count: 100))
        #expect(try peer.receive(200).count == 200)
        try peer.send("one more\n")
    }

    @Test func aLongPipelineIsReadAtItsRate() throws {
        let server = try RunningServer.shout("[limits]\nrequest_rate = 200\nrequest_burst = 10")
        let peer = try server.connect(to: "shout")
        // More than the server reads at once.
        let lines = (0..<300).map { "\($0) " + String(repeating: "x", count: 995) + "\n" }
        try peer.send(lines.joined())
        let expected = Array(lines.joined().uppercased().utf8)
        let (answers, time) = try measure { try peer.receive(expected.count) }
        expectSame(answers, expected)
        #expect(time > .milliseconds(900), "\(time)")
        #expect(try server.hits("request_rate") > 0)
        #expect(try server.counts(of: "shout").requests == 300)
    }

    @Test func aWaitingPeerDoesNotDelayAnother() throws {
        let server = try RunningServer.shout(
            process: "loops = 1", "[limits]\nrequest_rate = 1\nrequest_burst = 2\nrequest_wait = \"0s\"")
        let address = try server.address(of: "shout")
        let greedy = try Peer(address, from: "127.0.0.2")
        try inDebt(greedy)
        #expect(try Peer(address, from: "127.0.0.3").ask("modest") == "MODEST")
        #expect(!greedy.hasInput(within: 100))
    }

    /// A client cannot evade the rate by opening a new connection for each request.
    @Test func successiveConnectionsOfAnAddressShareItsRate() throws {
        let server = try RunningServer.shout("[limits]\nrequest_rate = 50\nrequest_burst = 5")
        let address = try server.address(of: "shout")
        let (answers, time) = try measure { try (0..<45).map { try Peer(address).ask("\($0)") } }
        #expect(answers == (0..<45).map { "\($0)" })
        #expect(time > .milliseconds(700), "45 requests, 5 at once and then 50 a second: \(time)")
        #expect(time < .seconds(6) * Sanitizer.slowness, "\(time)")
        #expect(try server.hits("request_rate") > 0)
    }

    @Test func manyConnectionsOfAnAddressShareItsRate() throws {
        let server = try RunningServer.shout("[limits]\nrequest_rate = 50\nrequest_burst = 5")
        let address = try server.address(of: "shout")
        let peers = try (0..<45).map { _ in try Peer(address) }
        let (answers, time) = try measure {
            for peer in peers { try peer.send("now\n") }
            return try peers.map { try $0.receiveLine() }
        }
        #expect(answers.allSatisfy { $0 == "NOW" })
        #expect(time > .milliseconds(700), "\(time)")
        #expect(time < .seconds(6) * Sanitizer.slowness, "\(time)")
        #expect(try Peer(address, from: "127.0.0.2").ask("another") == "ANOTHER")
    }

    @Test func aNetworkOfIPv6SharesItsRate() throws {
        let server = try RunningServer.shout(
            "[limits]\nrequest_rate = 1\nrequest_burst = 2\nrequest_wait = \"0s\"\n[access]\nproxies = [\"127.0.0.1\"]")
        func ask(_ source: String) throws -> Peer {
            let peer = try server.connect(to: "shout")
            try peer.send(ProxyLine.text(source) + "hi\n")
            return peer
        }
        try inDebt(server.connect(to: "shout"), ProxyLine.text("2001:db8::1"))
        let neighbour = try ask("2001:db8::2")
        #expect(try ask("2001:db8:1::1").receiveLine() == "HI")
        #expect(!neighbour.hasInput(within: 100))
    }

    @Test func aPeerAboveTheRateIsClosedIfConfigured() throws {
        let server = try RunningServer.shout("[limits]\nrequest_rate = 1\nrequest_burst = 2\non_limit = \"refuse\"")
        let address = try server.address(of: "shout")
        let peer = try Peer(address, from: "127.0.0.2")
        for _ in 0..<2 { #expect(try peer.ask("hi") == "HI") }
        try peer.send("one too many\n")
        _ = try peer.waitForEnd()
        #expect(try server.hits("request_rate") == 1)
        let another = try Peer(address, from: "127.0.0.2")
        try another.send("still too soon\n")
        #expect(try another.waitForEnd() == .reset)
        #expect(try Peer(address, from: "127.0.0.3").ask("another") == "ANOTHER")
        try waitUntil("the rate allows it again") { (try? Peer(address, from: "127.0.0.2").ask("hi")) == "HI" }
    }

    @Test func aPeerThatDisconnectsWhileWaitingIsNoticed() throws {
        let server = try RunningServer.shout("[limits]\nrequest_rate = 1\nrequest_burst = 1")
        let peer = try server.connect(to: "shout")
        try inDebt(peer)
        peer.reset()
        try waitUntil("the peer is gone") { try server.openConnections == 0 }
    }

    @Test func aWaitingPeerIsNotIdle() throws {
        let server = try RunningServer.shout(
            "[limits]\nrequest_rate = 1\nrequest_burst = 2\nidle_timeout = \"200ms\"\nrequest_timeout = \"200ms\"")
        let peer = try server.connect(to: "shout")
        try peer.send("one\ntwo\nthr")
        #expect(try peer.receive(8) == Array("ONE\nTWO\n".utf8))
        try peer.send("ee\n")
        #expect(try peer.receiveLine() == "THREE")
    }

    /// `request_wait`: other peers of the same address may have delayed its turn by hours.
    @Test func aPeerThatWouldWaitTooLongIsClosed() throws {
        let server = try RunningServer.shout(
            "[limits]\nrequest_rate = 1\nrequest_burst = 1\nrequest_wait = \"300ms\"\nidle_timeout = \"0s\"")
        let peer = try server.connect(to: "shout")
        let (_, time) = try measure {
            try inDebt(peer)
            return try peer.waitForEnd()
        }
        #expect(time > .milliseconds(100), "\(time)")
        try waitUntil("the peer is gone") { try server.openConnections == 0 }
    }

    @Test func aMovedSessionGetsTheRateOfItsNewGeneration() throws {
        let folder = try ServerFolder()
        try folder.installFixture("blocks")
        let server = try RunningServer(folder)
        let peer = try server.connect(to: "blocks")
        #expect(try peer.receiveLine() == "0 hello worker")
        #expect(try peer.ask("done") == "1 done worker")
        try folder.listen("blocks", plugin: "blocks.so", "[limits]\nrequest_rate = 1\nrequest_burst = 1")
        #expect(try server.reload("blocks") == .swapped)
        try waitUntil("the session has moved") { try server.listener("blocks")?.generations.count == 1 }
        let (answers, time) = try measure { try (2...3).map { _ in try peer.ask("done") } }
        #expect(answers == ["2 done worker", "3 done worker"])
        #expect(time > .milliseconds(800), "one a second: \(time)")
    }
}
