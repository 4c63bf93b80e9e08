import Glibc
import Server
import Testing

/// A server that is killed, and the next one.
@Suite(.serialized) struct TakeOverTests {
    private func server(_ process: String = "", on addresses: [String] = ["127.0.0.1:0"], _ more: String = "") throws
        -> RunningServer
    {
        try RunningServer.echo(on: addresses, process: "orphan_timeout = \"60s\"\n" + process, more)
    }

    private func kill(_ server: RunningServer) throws {
        server.signal(SIGKILL)
        try server.process.wait()
    }

    @Test func hostsGoOnWithoutTheirServerAndTheNextOneTakesThemOver() throws {
        let server = try server()
        let (address, host) = (try server.address(), try server.host)
        let old = try Peer(address)
        #expect(try old.ask("before") == "before")
        try kill(server)
        #expect(try old.ask("without a server") == "without a server")
        #expect(try Peer(address).ask("a new peer") == "a new peer")

        let next = try RunningServer(server.folder)
        #expect(try next.address().text == address.text, "the port that the kernel chose stays")
        #expect(try next.host != host)
        #expect(try old.ask("after") == "after")
        #expect(try next.connect().ask("new") == "new")
        #expect(try next.processes.map(\.role) == [.server, .host, .earlier])
        #expect(try next.processes[2].pid == host)
        old.close()
        try waitUntil("the earlier host has ended", within: .seconds(20)) {
            try next.processes.map(\.role) == [.server, .host]
        }
        #expect(try next.connect().ask("still") == "still")
        #expect(try next.stop() == 0)
    }

    @Test func noPeerIsRefusedMeanwhile() throws {
        let server = try server()
        let visitors = try Visitors(server.address())
        try waitUntil("peers are served") { visitors.count > 20 }
        try kill(server)
        let count = visitors.count
        try waitUntil("peers are served without a server") { visitors.count > count + 20 }
        let next = try RunningServer(server.folder)
        let later = visitors.count
        try waitUntil("peers are served by the next one") { visitors.count > later + 20 }
        #expect(try visitors.finish() > 60)
        withExtendedLifetime(next) {}
    }

    @Test func aServerThatCannotStartLeavesTheHostsAlone() throws {
        let server = try server()
        let peer = try server.connect()
        let address = try server.address()
        try kill(server)
        try Files.replace(server.folder.file("echo.toml"), with: Array("plugin = 7".utf8))
        let refused = try Subprocess.run(
            RunningServer.command(server.folder)[0], Array(RunningServer.command(server.folder)[1...]))
        #expect(refused.status == 1)
        #expect(try peer.ask("still") == "still")
        #expect(try Peer(address).ask("new") == "new")
        try server.folder.installEcho()
        let next = try RunningServer(server.folder)
        #expect(try next.address().text == address.text)
        #expect(try peer.ask("after") == "after")
    }

    /// Its listening sockets would go on taking peers. The other one is taken over as ever.
    @Test func aHostThatDoesNotAnswerIsEnded() throws {
        let folder = try ServerFolder(process: "orphan_timeout = \"60s\"")
        try folder.installEcho()
        try folder.install(BuildFolder.plugin("EchoPlugin"), as: "alone.so")
        let alone = "127.0.0.1:\(try freePort())"
        try folder.listen("alone", plugin: "alone.so", on: [alone], "isolation = \"process\"")
        let server = try RunningServer(folder)
        let old = try server.connect()
        #expect(try old.ask("before") == "before")
        let host = try #require(try server.processes.first { $0.name == "listener alone" }).pid
        try kill(server)
        Glibc.kill(host, SIGSTOP)
        let next = try RunningServer(folder)
        try next.waitForLog("a host of an earlier server is ended, with its connections: ")
        for word in 0..<8 { #expect(try next.connect(to: "alone").ask("\(word)") == "\(word)") }
        #expect(try old.ask("after") == "after")
    }

    /// A listener whose address has changed gets it; the old one is closed.
    @Test func theNextServerReadsTheFolderAsItIsNow() throws {
        let server = try server()
        let (address, peer) = (try server.address(), try server.connect())
        #expect(try peer.ask("before") == "before")
        try kill(server)
        try server.folder.installEcho(on: ["127.0.0.2:0"])
        let next = try RunningServer(server.folder)
        #expect(try next.address().text.hasPrefix("127.0.0.2:"))
        try waitUntil("the old address is closed") { (try? Peer(address)) == nil }
        #expect(try peer.ask("after") == "after")
    }

    @Test func unixSocketsAndAllLoopsAreTakenOver() throws {
        let folder = try ServerFolder(process: "orphan_timeout = \"10s\"\nloops = 2")
        let path = "\(folder.path)/echo.sock"
        try folder.installEcho(on: ["unix:\(path)", "127.0.0.1:0"])
        let server = try RunningServer(folder)
        let peers = try (0..<8).map { _ in try server.connect(to: "echo", 1) }
        let local = try Peer(.unix(path: path))
        #expect(try local.ask("local") == "local")
        try kill(server)
        let next = try RunningServer(folder)
        for peer in peers { #expect(try peer.ask("remote") == "remote") }
        #expect(try local.ask("after") == "after")
        for index in 0..<2 { #expect(try next.connect(to: "echo", index).ask("new") == "new") }
    }

    @Test func theConnectionsOfAnEarlierHostCount() throws {
        let server = try server("max_connections = 2\nloops = 1")
        let old = try server.connect()
        #expect(try old.ask("1") == "1")
        try kill(server)
        let next = try RunningServer(server.folder)
        let second = try next.connect()
        #expect(try second.ask("2") == "2")
        let third = try next.connect()
        try third.send("3\n")
        #expect(!third.hasInput(within: 300))
        old.close()
        #expect(try third.receiveLine() == "3")
    }

    @Test func aStopEndsTheEarlierHostToo() throws {
        let server = try server("shutdown_timeout = \"300ms\"")
        let (peer, host) = (try server.connect(), try server.host)
        #expect(try peer.ask("before") == "before")
        try kill(server)
        let next = try RunningServer(server.folder)
        _ = try next.stop()
        try waitUntil("the earlier host has ended") { Glibc.kill(host, 0) != 0 }
        _ = try? peer.waitForEnd()
    }

    @Test func nobodyComes() throws {
        let server = try RunningServer.echo(process: "orphan_timeout = \"300ms\"")
        let host = try server.host
        try kill(server)
        try waitUntil("the host has ended") { Glibc.kill(host, 0) != 0 }
        // The next server starts as ever.
        let next = try RunningServer(server.folder)
        #expect(try next.processes.map(\.role) == [.server, .host])
    }

    @Test func aSecondServerTakesNothingFromAFirst() throws {
        let server = try server()
        let words = RunningServer.command(server.folder)
        let second = try Subprocess.run(words[0], Array(words[1...]))
        #expect(second.status == 1 && second.errors.contains("another server uses the runtime directory"), "\(second)")
        #expect(try server.connect().ask("mine") == "mine")
        #expect(try server.processes.map(\.role) == [.server, .host])
    }
}
