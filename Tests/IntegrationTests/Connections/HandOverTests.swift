import Testing

/// `hand_over`: a connection moves from the plugin of one listener to the plugin of another.
@Suite struct HandOverTests {
    private static let ways = [
        ["dispatch = \"loops\"", "dispatch = \"loops\""], ["dispatch = \"workers\"", "dispatch = \"loops\""],
        ["dispatch = \"loops\"", "dispatch = \"workers\""], ["dispatch = \"workers\"", "dispatch = \"workers\""],
    ]

    @Test(arguments: ways) func theOtherPluginContinues(_ dispatch: [String]) throws {
        let server = try RunningServer.switchboard(dispatch[0], to: dispatch[1])
        let peer = try server.connect(to: "one")
        let address = try server.address(of: "one")
        #expect(try peer.ask("where").hasPrefix("origin 1 endpoint 127.0.0.1:0 peer 127.0.0.1:"))
        #expect(try server.openOnEach() == [1, 0])
        #expect(try peer.ask("to two") == "this is two")
        let place = try peer.ask("where")
        #expect(place.hasPrefix("origin 3 endpoint 127.0.0.1:0 peer 127.0.0.1:"))
        #expect(place.hasSuffix("local \(address.text)"), "expected the address that the peer connected to")
        #expect(try server.openOnEach() == [0, 1])
        try server.waitForLog("one: closed because of 17.")
        #expect(try peer.ask("to one") == "this is one", "and back")
        #expect(try server.openOnEach() == [1, 0])
        peer.close()
        try waitUntil("the connection is gone") { try server.openOnEach() == [0, 0] }
        #expect(try server.counts(of: "one").faults == 0)
    }

    @Test(arguments: ways) func unconsumedInputMovesAlong(_ dispatch: [String]) throws {
        let server = try RunningServer.switchboard(dispatch[0], to: dispatch[1])
        let peer = try server.connect(to: "one")
        try peer.send("first\nto two\nsecond\nthird, in pa")
        #expect(try peer.receiveLine() == "first")
        #expect(try peer.receiveLine() == "this is two")
        #expect(try peer.receiveLine() == "second")
        try peer.send("rts\n")
        #expect(try peer.receiveLine() == "third, in parts")
    }

    /// The output is more than the kernel takes at once, so some of it waits when the connection is handed over.
    @Test(arguments: ways) func outputFromBeforeArrivesFirst(_ dispatch: [String]) throws {
        let limits = "\n[limits]\noutput_high_water = \"16MiB\""
        let server = try RunningServer.switchboard(dispatch[0] + limits, to: dispatch[1] + limits)
        let peer = try server.connect(to: "one")
        let count = 12 << 20
        try peer.send("fill \(count)\nto two\nbehind\n")
        try waitUntil("the connection is handed over") { try server.openOnEach() == [0, 1] }
        let bytes = try peer.receive(count)
        #expect(bytes.dropLast().allSatisfy { $0 == UInt8(ascii: ".") } && bytes.last == UInt8(ascii: "\n"))
        #expect(try peer.receiveLine() == "this is two")
        #expect(try peer.receiveLine() == "behind")
    }

    /// The first plugin's requests to the host end with its session.
    @Test(arguments: ways) func timerPauseAndWantEnd(_ dispatch: [String]) throws {
        let server = try RunningServer.switchboard(dispatch[0], to: dispatch[1])
        let peer = try server.connect(to: "one")
        try peer.send("timer 100\nwant 5000\npause\nto two\n")
        #expect(try peer.receiveLine() == "this is two")
        #expect(try peer.ask("at once") == "at once")
        #expect(!peer.hasInput(within: 300), "no tick")
    }

    @Test(arguments: ways) func theOtherPluginGetsTheHalfClose(_ dispatch: [String]) throws {
        let server = try RunningServer.switchboard(dispatch[0], to: dispatch[1])
        let peer = try server.connect(to: "one")
        try peer.send("to two\nlast words\n")
        peer.finishSending()
        #expect(try String(decoding: peer.receiveToEnd(), as: UTF8.self) == "this is two\nlast words\n")
        try server.waitForLog("two: closed because of 2.")
    }

    @Test(arguments: ways) func otherCallsAreRefusedUntilTheCallbackEnds(_ dispatch: [String]) throws {
        let server = try RunningServer.switchboard(dispatch[0], to: dispatch[1])
        #expect(try server.connect(to: "one").ask("quiet two") == "this is two")
        try server.waitForLog(
            "after hand_over: reserve NULL, write -1, close -1, want -1, pause -1, set_timer -1, hand_over -1")
        #expect(try server.counts(of: "one").faults == 0 && server.counts(of: "two").faults == 0)
    }

    @Test(arguments: ways) func aPluginMayHandOverInOpened(_ dispatch: [String]) throws {
        let server = try RunningServer.switchboard(dispatch[0] + "\n[options]\nforward = \"two\"", to: dispatch[1])
        let peer = try server.connect(to: "one")
        #expect(try peer.receiveLine() == "this is two")
        #expect(try peer.ask("hello") == "hello")
        #expect(try server.openOnEach() == [0, 1])
    }

    @Test func theCurrentGenerationGetsTheConnection() throws {
        let server = try RunningServer.switchboard()
        let peer = try server.connect(to: "one")
        #expect(try peer.ask("hello") == "hello")
        try server.folder.switchboard("two", version: "2", "on_reload = \"pin\"")
        let before = try server.connect(to: "two")
        #expect(try before.ask("old") == "old")
        #expect(try server.reload("two") == .swapped)
        #expect(try peer.ask("to two") == "this is two")
        #expect(try server.generation(2, of: "two")?.connections == 1)
        #expect(try server.generation(1, of: "two")?.connections == 1)
    }

    @Test func aListenerAddedLaterIsFound() throws {
        let folder = try ServerFolder()
        try folder.switchboard("one")
        let server = try RunningServer(folder)
        let peer = try server.connect(to: "one")
        #expect(try peer.ask("to two") == "hand_over: -2")
        try folder.switchboard("two")
        try server.reload()
        #expect(try peer.ask("to two") == "this is two")
        try server.folder.remove("one.toml")
        try server.reload()
        #expect(try peer.ask("to one") == "hand_over: -2")
        #expect(try peer.ask("still here") == "still here")
    }

    /// The other plugins here have another protocol, and one of them is in another language.
    @Test func theOtherPluginMayBeAnyPlugin() throws {
        let folder = try ServerFolder()
        try folder.switchboard("one")
        try folder.installEcho()
        try folder.installShout()
        let server = try RunningServer(folder)
        let peer = try server.connect(to: "one")
        try peer.send("to echo\nto whom it may concern\n")
        #expect(try peer.receiveLine() == "to whom it may concern")
        #expect(try server.connect(to: "one").ask("to shout\nhi") == "HI")
    }
}
