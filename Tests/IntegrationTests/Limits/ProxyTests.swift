import Testing

/// The PROXY protocol from the networks in `proxies`, and from other networks.
@Suite struct ProxyTests {
    private let server: RunningServer

    init() throws {
        server = try RunningServer.shout(
            """
            [access]
            proxies = ["127.0.0.0/30"]
            deny = ["203.0.113.0/24"]
            """)
    }

    private func connect(from source: String = "127.0.0.2") throws -> Peer {
        try Peer(server.address(of: "shout"), from: source)
    }

    @Test func aLineOfTextNamesThePeer() throws {
        let peer = try connect()
        try peer.send(ProxyLine.text("192.0.2.7", port: 56_324) + "?peer\n")
        #expect(try peer.receiveLine() == "family 4 first 192 port 56324")
        #expect(try peer.ask("goes on") == "GOES ON")
        let six = try connect()
        try six.send(ProxyLine.text("2a00:db8::9", port: 7))
        #expect(try six.ask("?peer") == "family 6 first 42 port 7")
    }

    @Test func aBinaryHeaderNamesThePeer() throws {
        let peer = try connect()
        try peer.send(ProxyLine.binary("192.0.2.7", port: 56_324) + Array("?peer\n".utf8))
        #expect(try peer.receiveLine() == "family 4 first 192 port 56324")
        let six = try connect()
        try six.send(ProxyLine.binary("2a00:db8::9", port: 65_535, fields: [4, 0, 2, 1, 1]))
        #expect(try six.ask("?peer") == "family 6 first 42 port 65535")
        let mapped = try connect()
        try mapped.send(ProxyLine.binary("::ffff:192.0.2.7"))
        #expect(try mapped.ask("?peer").hasPrefix("family 4 first 192"))
    }

    @Test func aProxyConnectingForItselfIsThePeer() throws {
        for header in [Array("PROXY UNKNOWN\r\n".utf8), ProxyLine.binary("192.0.2.7", command: 0)] {
            let peer = try connect()
            try peer.send(header)
            #expect(try peer.ask("?peer").hasPrefix("family 4 first 127"))
        }
    }

    @Test func aHeaderMayArriveByteByByte() throws {
        for header in [Array(ProxyLine.text("192.0.2.7").utf8), ProxyLine.binary("192.0.2.7", fields: [4, 0, 1, 9])] {
            let peer = try connect()
            for byte in header { try peer.send([byte]) }
            for byte in "?peer\n".utf8 { try peer.send([byte]) }
            #expect(try peer.receiveLine() == "family 4 first 192 port 4711")
        }
    }

    @Test func thePluginSeesNothingBeforeTheHeader() throws {
        let peer = try connect()
        try peer.send("PROXY TCP4 192.0.2.7")
        try waitUntil("the connection is open") { try server.counts(of: "shout").open == 1 }
        #expect(try server.listener("shout")?.metrics.first { $0.name == "sessions" }?.value == 0)
        try peer.send(" 192.0.2.1 1 2\r\n")
        #expect(try peer.ask("hi") == "HI")
        #expect(try server.listener("shout")?.metrics.first { $0.name == "sessions" }?.value == 1)
    }

    @Test func aHeaderFromOtherNetworksIsInput() throws {
        let peer = try connect(from: "127.0.0.4")
        try peer.send(ProxyLine.text("192.0.2.7"))
        #expect(try peer.receiveLine().hasPrefix("PROXY TCP4 192.0.2.7"))
        #expect(try peer.ask("?peer").hasPrefix("family 4 first 127"))
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\n", "PROXY TCP4 1.2.3.4\r\n", "PROXY TCP5 1.2.3.4 5.6.7.8 1 2\r\n", "\r\n\r\n\0\r\nQUIP",
    ])
    func aProxyWithoutAHeaderIsResetAndCounted(text: String) throws {
        let before = try server.hits("proxy_header")
        let peer = try connect()
        try peer.send(text)
        #expect(try peer.waitForEnd() == .reset)
        #expect(try server.hits("proxy_header") == before + 1)
        try waitUntil("the connection is gone") { try server.counts(of: "shout").open == 0 }
    }

    @Test func aProxyThatLeavesWithinItsHeaderIsCleanedUp() throws {
        for round in 0..<20 {
            let peer = try connect()
            try peer.send("PROXY TCP4 192.0")
            if round % 2 == 0 { peer.reset() } else { peer.close() }
        }
        let half = try connect()
        try half.send("PROXY TCP4 192.0")
        half.finishSending()
        _ = try half.waitForEnd()
        try waitUntil("all connections are gone") { try server.openConnections == 0 }
        #expect(try server.hits("proxy_header") == 0)
    }

    @Test func accessRulesApplyToTheAddressInTheHeader() throws {
        let denied = try connect()
        try denied.send(ProxyLine.text("203.0.113.9"))
        #expect(try denied.waitForEnd() == .reset)
        #expect(try server.hits("access") == 1)
    }

    @Test func limitsPerAddressApplyToTheAddressInTheHeader() throws {
        try server.folder.listen(
            "shout", plugin: "shout.so", "[limits]\nconnections_per_address = 1\n[access]\nproxies = [\"127.0.0.0/30\"]"
        )
        #expect(try server.reload("shout") == .swapped)
        func visit(_ source: String) throws -> Peer {
            let peer = try connect()
            try peer.send(ProxyLine.binary(source))
            return peer
        }
        let first = try visit("192.0.2.1")
        #expect(try first.ask("in") == "IN")
        #expect(try visit("192.0.2.1").waitForEnd() == .reset)
        #expect(try visit("192.0.2.2").ask("in") == "IN")
        #expect(try server.hits("connections_per_address") == 1)
    }

    @Test func callbacksOnWorkersSeeThePeerToo() throws {
        let server = try RunningServer.fixture("blocks", "[access]\nproxies = [\"127.0.0.1\"]")
        let peer = try server.connect(to: "blocks")
        try peer.send(ProxyLine.text("192.0.2.7") + "one\n")
        #expect(try peer.receiveLine() == "0 hello worker")
        #expect(try peer.receiveLine() == "1 one worker")
    }
}
