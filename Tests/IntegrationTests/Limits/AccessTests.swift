import Testing

/// `[access]`: `allow`, `deny` and `proxies`.
@Suite struct AccessTests {
    /// Whether a peer from this address is served.
    private func serves(_ server: RunningServer, _ source: String) throws -> Bool {
        let peer = try Peer(server.address(of: "shout"), from: source)
        try? peer.send("hi\n")
        return (try? peer.receiveLine()) == "HI"
    }

    @Test func deniedPeersAreResetAndCounted() throws {
        let server = try RunningServer.shout("[access]\ndeny = [\"127.0.1.0/24\"]")
        #expect(try serves(server, "127.0.0.1"))
        for last in [0, 1, 255] {
            #expect(try Peer(server.address(of: "shout"), from: "127.0.1.\(last)").waitForEnd() == .reset)
        }
        #expect(try serves(server, "127.0.2.0"))
        #expect(try server.hits("access") == 3)
        #expect(try server.counts(of: "shout").refused == 3)
        #expect(try server.counts(of: "shout").accepted == 2, "denied peers are not accepted")
    }

    @Test func withAnAllowListOthersAreDenied() throws {
        let server = try RunningServer.shout("[access]\nallow = [\"127.0.0.0/30\", \"127.5.0.0/16\"]")
        #expect(try serves(server, "127.0.0.3"))
        #expect(try serves(server, "127.5.200.1"))
        #expect(try !serves(server, "127.0.0.4"))
        #expect(try !serves(server, "127.4.0.1"))
    }

    @Test func theLongestPrefixDecidesAndATieDenies() throws {
        let server = try RunningServer.shout(
            """
            [access]
            allow = ["127.1.0.0/16", "127.1.2.3", "127.7.0.0/16"]
            deny = ["127.1.2.0/24", "127.7.0.0/16"]
            """)
        #expect(try serves(server, "127.1.1.1"))
        #expect(try !serves(server, "127.1.2.4"))
        #expect(try serves(server, "127.1.2.3"))
        #expect(try !serves(server, "127.7.0.1"))
    }

    @Test func aDualStackSocketChecksIPv4PeersAsIPv4() throws {
        let folder = try ServerFolder()
        try folder.install(Fixture.library("shout"), as: "shout.so")
        try folder.listen("shout", plugin: "shout.so", on: ["[::]:0"], "[access]\ndeny = [\"127.0.0.2\", \"::/0\"]")
        let server = try RunningServer(folder)
        let port = try server.address(of: "shout").port
        let address = ServerAddress.ipv4("127.0.0.1", port: port)
        #expect(try Peer(address, from: "127.0.0.2").waitForEnd() == .reset)
        #expect(try Peer(address, from: "127.0.0.3").ask("hi") == "HI")
        #expect(try Peer(.ipv6("::1", port: port)).waitForEnd() == .reset)
    }

    @Test func aReloadChangesWhoMayConnect() throws {
        let server = try RunningServer.shout("")
        let stays = try Peer(server.address(of: "shout"), from: "127.0.0.2")
        #expect(try stays.ask("in") == "IN")
        try server.folder.listen("shout", plugin: "shout.so", "on_reload = \"pin\"\n[access]\ndeny = [\"127.0.0.2\"]")
        #expect(try server.reload("shout") == .swapped)
        #expect(try !serves(server, "127.0.0.2"))
        #expect(try serves(server, "127.0.0.1"))
        #expect(try stays.ask("who is in stays") == "WHO IS IN STAYS")
    }
}
