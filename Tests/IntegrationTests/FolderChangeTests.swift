import Glibc
import Server
import Testing

/// Listeners are added, removed and moved while others continue.
@Suite struct FolderChangeTests {
    @Test func aNewPluginWithANewFileStartsListening() throws {
        let server = try RunningServer.echo()
        let peer = try server.connect()
        try server.folder.installShout()
        let receipt = try server.reload()
        #expect(receipt.entries.map { "\($0.listener) \($0.outcome)" } == ["echo unchanged", "shout started"])
        #expect(try server.connect(to: "shout").ask("hi") == "HI")
        #expect(try peer.ask("hi") == "hi")
        #expect(try server.listener("echo")?.generations.map(\.generation) == [1])
    }

    @Test func aRemovedListenerStopsAcceptingAndKeepsItsConnections() throws {
        let server = try RunningServer.echo()
        try server.folder.installShout()
        try server.reload()
        let address = try server.address(of: "shout")
        let peer = try server.connect(to: "shout")
        #expect(try peer.ask("before") == "BEFORE")
        try server.folder.remove("shout.toml")
        #expect(try server.reload("shout") == .stopped)
        #expect(throws: Failure.self) { try Peer(address) }
        #expect(try peer.ask("after") == "AFTER")
        #expect(try server.listener("shout")?.state == .stopping)
        peer.close()
        try waitUntil("the listener is gone") { try server.listener("shout") == nil }
        #expect(try server.connect().ask("echo") == "echo")
    }

    /// They are in the accept queue of a socket that waits at a limit when its address is removed.
    @Test(arguments: ["connections = 1", "accept_rate = 1\naccept_burst = 1"])
    func peersThatWaitAtALimitAreServedWhenTheAddressIsRemoved(limit: String) throws {
        let folder = try ServerFolder(process: "loops = 1")
        try folder.installShout("[limits]\n" + limit)
        let server = try RunningServer(folder)
        let address = try server.address(of: "shout")
        let first = try Peer(address)
        #expect(try first.ask("in") == "IN")
        let waiting = try (0..<5).map { _ in try Peer(address) }
        for peer in waiting { try peer.send("waited\n") }
        try waitUntil("the peers wait") { try server.status().loops[0].pausesAtLimit > 0 }
        try folder.listen("shout", plugin: "shout.so", on: ["127.0.0.2:0"], "[limits]\n" + limit)
        #expect(try server.reload("shout") == .moved)
        for peer in waiting { #expect(try peer.receiveLine() == "WAITED") }
        #expect(try first.ask("still") == "STILL")
    }

    @Test func aReturningListenerContinuesItsGenerationNumbers() throws {
        let folder = try ServerFolder()
        try folder.installShout()
        let server = try RunningServer(folder)
        let old = try server.connect(to: "shout")
        #expect(try old.ask("?info").contains("generation 1 "))
        try folder.remove("shout.toml")
        _ = try server.ask("reload", ",\"allowEmpty\":true")
        try folder.listen("shout", plugin: "shout.so")
        #expect(try server.reload("shout") == .started)
        #expect(try old.ask("old") == "OLD")
        #expect(try server.connect(to: "shout").ask("?info").contains("generation 2 "))
        old.close()
        try waitUntil("generation 1 ends") { try server.listener("shout")?.generations.map(\.generation) == [2] }
    }

    @Test func aDisabledListenerStopsAndAnEnabledOneStartsAgain() throws {
        let server = try RunningServer.echo()
        let path = server.folder.file("echo.toml")
        let enabled = try Files.read(path)
        try Files.replace(path, with: Array("enabled = false\n".utf8) + enabled)
        #expect(try server.reload("echo") == .stopped)
        try waitUntil("the listener is gone") { try server.listener("echo") == nil }
        try Files.replace(path, with: enabled)
        #expect(try server.reload("echo") == .started)
        #expect(try server.connect().ask("again") == "again")
    }

    @Test func aChangedAddressMovesTheListenerAndKeepsItsGeneration() throws {
        let server = try RunningServer.echo()
        let (old, peer) = (try server.address(), try server.connect())
        let port = try freePort()
        try server.folder.listen("echo", plugin: "echo.so", on: ["127.0.0.1:\(port)"])
        #expect(try server.reload("echo") == .moved)
        #expect(throws: Failure.self) { try Peer(old) }
        #expect(try server.address().port == port)
        #expect(try server.connect().ask("new") == "new")
        #expect(try peer.ask("old") == "old")
        #expect(try server.listener("echo")?.generations.map(\.generation) == [1])
    }

    @Test func anAddedAddressLeavesTheFirstSocketAlone() throws {
        let server = try RunningServer.echo()
        let first = try server.address()
        let socket = server.folder.path + "/echo.sock"
        try server.folder.listen("echo", plugin: "echo.so", on: ["127.0.0.1:0", "unix:\(socket)"])
        #expect(try server.reload("echo") == .moved)
        #expect(try server.address().port == first.port)
        #expect(try server.connect(to: "echo", 1).ask("unix") == "unix")
        try server.folder.listen("echo", plugin: "echo.so")
        #expect(try server.reload("echo") == .moved)
        #expect(!Files.exists(socket))
    }

    @Test func aWildcardAddressMayReplaceASpecificOne() throws {
        let server = try RunningServer.echo()
        let port = try server.address().port
        try server.folder.listen("echo", plugin: "echo.so", on: ["127.0.0.1:\(port)"])
        #expect(try server.reload().isRefused, "the port is taken by the listener's own first socket")
        try server.folder.listen("echo", plugin: "echo.so", on: ["127.0.0.1:0"])
        #expect(try server.reload("echo") == .unchanged)
        let other = try freePort()
        try server.folder.listen("echo", plugin: "echo.so", on: ["127.0.0.1:\(other)"])
        #expect(try server.reload("echo") == .moved)
        try server.folder.listen("echo", plugin: "echo.so", on: ["*:\(other)"])
        #expect(try server.reload("echo") == .moved)
        #expect(try Peer(.ipv6("::1", port: other)).ask("wide") == "wide")
        #expect(try Peer(.ipv4("127.0.0.1", port: other)).ask("wide") == "wide")
    }

    @Test func processSettingsChangeLiveOrAreNamedInTheReceipt() throws {
        let server = try RunningServer.echo()
        try server.folder.configure("loops = 1\nmax_connections = 7\nlog_format = \"json\"")
        let receipt = try server.reload()
        #expect(!receipt.isRefused)
        #expect(receipt.needsRestart == ["loops", "log_format"])
        let status = try server.status()
        #expect(status.connectionLimit == 7)
        #expect(status.loops.count == 2)
    }

    @Test func aBrokenFileOfOneListenerRefusesTheWholeReload() throws {
        let server = try RunningServer.echo()
        try server.folder.installShout()
        try Files.replace(server.folder.file("zebra.toml"), with: Array("plugin = \"echo.so\"\nlisten = [\n".utf8))
        let receipt = try server.reload()
        #expect(receipt.isRefused)
        #expect(receipt.entries.contains { $0.listener == "zebra" && $0.detail.contains("zebra.toml:") })
        #expect(try server.listener("shout") == nil, "a refused reload changes nothing")
        try server.folder.remove("zebra.toml")
        #expect(try server.reload("shout") == .started)
    }
}
