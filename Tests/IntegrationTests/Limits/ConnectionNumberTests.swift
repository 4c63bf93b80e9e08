import Testing

/// `max_connections`, `connections`, `connections_per_address`, `connections_per_network`.
@Suite struct ConnectionNumberTests {
    @Test(arguments: ["max_connections", "connections"])
    func waitingPeersAreCounted(limit: String) throws {
        let server = try RunningServer.shout(
            process: limit == "max_connections" ? "max_connections = 2" : "", "[limits]\nconnections = 2")
        let served = try (0..<2).map { _ in try server.connect(to: "shout") }
        for peer in served { #expect(try peer.ask("in") == "IN") }
        let waiting = try server.connect(to: "shout")
        try waiting.send("waits\n")
        try waitUntil("the peer waits") { try server.hits(limit) > 0 }
        #expect(try server.counts(of: "shout").refused == 0)
        served[0].close()
        #expect(try waiting.receiveLine() == "WAITS")
    }

    @Test(arguments: ["max_connections", "connections"])
    func peersAreRefusedIfConfigured(limit: String) throws {
        let isProcess = limit == "max_connections"
        let server = try RunningServer.shout(
            process: isProcess ? "max_connections = 2" : "",
            "[limits]\non_limit = \"refuse\"\n" + (isProcess ? "" : "connections = 2"))
        let served = try (0..<2).map { _ in try server.connect(to: "shout") }
        for peer in served { #expect(try peer.ask("in") == "IN") }
        for _ in 0..<5 { #expect(try server.connect(to: "shout").waitForEnd() == .reset) }
        #expect(try server.hits(limit) == 5)
        #expect(try server.counts(of: "shout").refused == 5)
        #expect(try served[0].ask("still") == "STILL")
        served[1].close()
        try waitUntil("there is room again") { try server.openConnections == 1 }
        try server.expectAnswers()
    }

    @Test func eachAddressHasItsOwnLimit() throws {
        let server = try RunningServer.shout("[limits]\nconnections_per_address = 3")
        let address = try server.address(of: "shout")
        let first = try (0..<3).map { _ in try Peer(address, from: "127.0.0.2") }
        for peer in first { #expect(try peer.ask("in") == "IN") }
        for _ in 0..<4 { #expect(try Peer(address, from: "127.0.0.2").waitForEnd() == .reset) }
        #expect(try server.hits("connections_per_address") == 4)
        let others = try (3..<8).map { try Peer(address, from: "127.0.0.\($0)") }
        for peer in others { #expect(try peer.ask("in") == "IN") }
        first[0].close()
        try waitUntil("one peer is gone") { try server.openConnections == 7 }
        #expect(try Peer(address, from: "127.0.0.2").ask("again") == "AGAIN")
        #expect(try server.hits("connections_per_address") == 4)
    }

    @Test func eachIPv6NetworkHasItsOwnLimit() throws {
        let server = try RunningServer.shout(
            "[limits]\nconnections_per_network = 3\n[access]\nproxies = [\"127.0.0.0/8\"]")
        func connect(_ source: String) throws -> Peer {
            let peer = try server.connect(to: "shout")
            try peer.send(ProxyLine.text(source))
            return peer
        }
        let first = try (1...3).map { try connect("2001:db8:0:7::\($0)") }
        for peer in first { #expect(try peer.ask("in") == "IN") }
        #expect(try connect("2001:db8:0:7:ffff::4").waitForEnd() == .reset)
        #expect(try server.hits("connections_per_network") == 1)
        #expect(try connect("2001:db8:0:8::4").ask("another network") == "ANOTHER NETWORK")
        for number in 1...5 { #expect(try connect("10.0.0.\(number)").ask("no network") == "NO NETWORK") }
        first[1].reset()
        try waitUntil("there is room again") { try server.counts(of: "shout").open == 2 }
        #expect(try connect("2001:db8:0:7::5").ask("again") == "AGAIN")
    }

    @Test func anIPv6PeerWithoutAProxyIsCountedByItsNetwork() throws {
        let folder = try ServerFolder()
        try folder.install(Fixture.library("shout"), as: "shout.so")
        try folder.listen("shout", plugin: "shout.so", on: ["[::1]:0"], "[limits]\nconnections_per_network = 1")
        let server = try RunningServer(folder)
        let first = try server.connect(to: "shout")
        #expect(try first.ask("in") == "IN")
        #expect(try server.connect(to: "shout").waitForEnd() == .reset)
        #expect(try server.hits("connections_per_network") == 1)
    }

    @Test func aFloodFromOneAddressLeavesNothingBehind() throws {
        let server = try RunningServer.shout("[limits]\nconnections_per_address = 2")
        let address = try server.address(of: "shout")
        let before = try server.status()
        for _ in 0..<500 {
            let peer = try Peer(address, from: "127.0.0.9")
            peer.close()
        }
        // Peers that still wait to be accepted would compete with the next peer for a place.
        try waitUntil("all peers were accepted or refused, and are gone") {
            let counts = try server.counts(of: "shout")
            return counts.open == 0 && counts.accepted + counts.refused == 500
        }
        #expect(try Peer(address, from: "127.0.0.9").ask("well") == "WELL")
        try waitUntil("no descriptor is left") { try server.status().fileDescriptors <= before.fileDescriptors }
    }
}
