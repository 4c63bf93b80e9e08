import Testing

/// `hand_over` to a listener that does not exist, and to a listener that does not accept the connection.
@Suite struct HandOverLimitTests {
    @Test func unknownNamesAndTheOwnNameAreRefused() throws {
        let server = try RunningServer.switchboard()
        let peer = try server.connect(to: "one")
        for name in ["three", "one", "On", "", "two/"] {
            #expect(try peer.ask("to \(name)") == "hand_over: -2", "\(name)")
        }
        #expect(try peer.ask("still here") == "still here")
        #expect(try server.openOnEach() == [1, 0])
    }

    @Test func aFullListenerIsBusyUntilAPeerLeaves() throws {
        let server = try RunningServer.switchboard(to: "[limits]\nconnections = 1")
        let first = try server.connect(to: "two")
        #expect(try first.ask("in") == "in")
        let peer = try server.connect(to: "one")
        #expect(try peer.ask("to two") == "hand_over: -4")
        first.close()
        try waitUntil("the connection is gone") { try server.openOnEach() == [1, 0] }
        #expect(try peer.ask("to two") == "this is two")
        // The connection that was handed over takes up the place like any other.
        #expect(try server.connect(to: "one").ask("to two") == "hand_over: -4")
        peer.close()
        try waitUntil("the place is free again") { try server.openOnEach()[1] == 0 }
        #expect(try server.connect(to: "one").ask("to two") == "this is two")
    }

    @Test(arguments: ["dispatch = \"loops\"", "dispatch = \"workers\""])
    func anAbortFreesThePlace(_ dispatch: String) throws {
        let server = try RunningServer.switchboard(dispatch, to: "[limits]\nconnections = 1")
        for _ in 0..<3 {
            let peer = try server.connect(to: "one")
            try peer.send("never two\n")
            #expect(try peer.waitForEnd() == .reset)
        }
        try server.waitForLog("abort: 0")
        try server.waitForLog("one: closed because of 1.")
        try waitUntil("the connections are gone") { try server.openOnEach() == [0, 0] }
        #expect(try server.connect(to: "one").ask("to two") == "this is two")
    }

    @Test func theFirstListenerHasRoomAgain() throws {
        let server = try RunningServer.switchboard("[limits]\nconnections = 1")
        var gone: [Peer] = []
        for count in UInt64(1)...3 {
            let peer = try server.connect(to: "one")
            #expect(try peer.ask("to two") == "this is two")
            #expect(try server.openOnEach() == [0, count])
            gone.append(peer)
        }
    }

    @Test func aPeerThatTheOtherListenerDeniesIsReset() throws {
        let server = try RunningServer.switchboard(to: "[access]\ndeny = [\"127.0.0.2\"]")
        let denied = try Peer(server.address(of: "one"), from: "127.0.0.2")
        #expect(try denied.ask("in") == "in")
        try denied.send("to two\n")
        #expect(try denied.waitForEnd() == .reset)
        #expect(try server.hits("access", of: "two") == 1)
        #expect(try server.counts(of: "two").refused == 1)
        try waitUntil("the connection is gone") { try server.openOnEach() == [0, 0] }
        let other = try Peer(server.address(of: "one"), from: "127.0.0.3")
        #expect(try other.ask("to two") == "this is two")
    }

    @Test func theOtherListenersLimitPerAddressApplies() throws {
        let server = try RunningServer.switchboard(
            "[limits]\nconnections_per_address = 2", to: "[limits]\nconnections_per_address = 1")
        let first = try server.connect(to: "one")
        #expect(try first.ask("to two") == "this is two")
        let second = try server.connect(to: "one")
        try second.send("to two\n")
        #expect(try second.waitForEnd() == .reset)
        #expect(try server.hits("connections_per_address", of: "two") == 1)
        // The first listener has no connection from that address any more.
        let others = try (0..<2).map { _ in try server.connect(to: "one") }
        for other in others { #expect(try other.ask("in") == "in") }
        first.close()
        try waitUntil("the connection is gone") { try server.openOnEach() == [2, 0] }
        #expect(try others[0].ask("to two") == "this is two")
    }

    /// The other listener's timeout begins with the hand-over: the time before it does not count.
    @Test func theOtherListenersTimeoutsApply() throws {
        let server = try RunningServer.switchboard(
            "[limits]\nidle_timeout = \"1h\"", to: "[limits]\nidle_timeout = \"200ms\"")
        let peer = try server.connect(to: "one")
        #expect(!peer.hasInput(within: 400))
        #expect(try peer.ask("to two") == "this is two")
        #expect(try peer.waitForEnd() == .closed)
        #expect(try server.hits("idle_timeout", of: "two") == 1)
    }

    @Test func unconsumedInputStartsTheOtherRequestTimeout() throws {
        let server = try RunningServer.switchboard(to: "[limits]\nrequest_timeout = \"300ms\"")
        let peer = try server.connect(to: "one")
        try peer.send("to two\nhalf a li")
        #expect(try peer.receiveLine() == "this is two")
        #expect(try peer.waitForEnd() == .closed)
        #expect(try server.hits("request_timeout", of: "two") == 1)
    }

    /// The stack does not overflow, and other connections are still served.
    @Test func listenersMayPassAConnectionBackAndForth() throws {
        let server = try RunningServer.switchboard(
            "[options]\nforward = \"two\"", to: "[options]\nforward = \"one\"")
        try server.folder.installEcho()
        try server.reload()
        let peer = try server.connect(to: "one")
        let others = try (0..<4).map { _ in try server.connect() }
        for _ in 0..<10 {
            for other in others { #expect(try other.ask("hello") == "hello") }
        }
        peer.reset()
        try waitUntil("the connection is gone") { try server.openOnEach() == [0, 0] }
    }
}
