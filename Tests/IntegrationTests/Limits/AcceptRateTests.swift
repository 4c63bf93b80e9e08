import Testing

/// `accept_rate` and `accept_burst`.
@Suite(.serialized) struct AcceptRateTests {
    /// Connects this many peers at once, lets each ask, and returns the time until all are answered.
    private func serve(_ count: Int, _ server: RunningServer) throws -> Duration {
        let address = try server.address(of: "shout")
        let (answers, time) = try measure {
            let peers = try (0..<count).map { _ in try Peer(address) }
            for (index, peer) in peers.enumerated() { try peer.send("peer \(index)\n") }
            return try peers.map { try $0.receiveLine() }
        }
        #expect(answers == (0..<count).map { "PEER \($0)" })
        return time
    }

    @Test func newPeersWaitForTheRateAndNoneIsLost() throws {
        let server = try RunningServer.shout("[limits]\naccept_rate = 40\naccept_burst = 5")
        let time = try serve(45, server)
        #expect(time > .milliseconds(850), "45 peers, 5 at once and then 40 a second: \(time)")
        #expect(time < .seconds(5) * Sanitizer.slowness, "\(time)")
        #expect(try server.hits("accept_rate") > 0)
        #expect(try server.counts(of: "shout").refused == 0)
    }

    @Test func aSmallBurstDoesNotMakeItSlowerThanItsRate() throws {
        let server = try RunningServer.shout("[limits]\naccept_rate = 100\naccept_burst = 1")
        let time = try serve(100, server)
        #expect(time > .milliseconds(900), "\(time)")
        // A listener that accepted again only every 100 ms would take ten seconds.
        #expect(time < .seconds(6) * Sanitizer.slowness, "100 peers at 100 a second: \(time)")
    }

    @Test func peersAboveTheRateAreRefusedIfConfigured() throws {
        let server = try RunningServer.shout("[limits]\naccept_rate = 1\naccept_burst = 4\non_limit = \"refuse\"")
        let served = try (0..<4).map { _ in
            let peer = try server.connect(to: "shout")
            #expect(try peer.ask("each of the four") == "EACH OF THE FOUR")
            return peer
        }
        #expect(try server.connect(to: "shout").waitForEnd() == .reset)
        #expect(try server.hits("accept_rate") == 1)
        #expect(try served[0].ask("still") == "STILL")
        try waitUntil("a second later there is room for one more") {
            (try? server.connect(to: "shout").ask("again")) == "AGAIN"
        }
    }

    /// A listener has one clock for its rate, but the candidate of a trial may have another rate. It must not refund what it did not
    /// charge.
    @Test func aTrialWithAnotherRateKeepsTheClockRight() throws {
        let folder = try ServerFolder()
        try folder.installShout()
        let server = try RunningServer(folder)
        let address = try server.address(of: "shout")
        try folder.listen(
            "shout", plugin: "shout.so",
            """
            [limits]
            accept_rate = 5
            [access]
            deny = ["127.0.0.66"]
            [rollout]
            percent = 50
            hold = "1s"
            min_connections = 0
            """)
        try folder.install(Fixture.library("shout", defines: ["VERSION": "\"2.0.0\""]), as: "shout.so")
        #expect(try server.reload("shout") == .trial)
        // The candidate gets every second connection and denies it.
        for _ in 0..<40 { _ = try Peer(address, from: "127.0.0.66") }
        try waitUntil("some peers were denied") { try server.hits("access") >= 10 }
        // Without traffic the candidate would not take over.
        for _ in 0..<4 { #expect(try Peer(address).ask("hi") == "HI") }
        try waitUntil("the trial takes over") { try server.listener("shout")?.generations.map(\.generation) == [2] }
        for word in ["one", "two", "three"] { #expect(try Peer(address).ask(word) == word.uppercased()) }
    }

    @Test func peersThatAreDeniedDoNotUseUpTheRate() throws {
        let server = try RunningServer.shout(
            "[limits]\naccept_rate = 1\naccept_burst = 2\non_limit = \"refuse\"\n[access]\ndeny = [\"127.0.0.66\"]")
        let address = try server.address(of: "shout")
        for _ in 0..<20 { #expect(try Peer(address, from: "127.0.0.66").waitForEnd() == .reset) }
        #expect(try server.hits("access") == 20)
        #expect(try Peer(address).ask("in") == "IN")
        #expect(try server.hits("accept_rate") == 0)
    }
}
