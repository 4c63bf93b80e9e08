import Glibc
import Testing

/// SIGTERM: the server finishes open work, cuts connections that do not end in time, and leaves nothing behind.
@Suite struct ShutdownTests {
    @Test(arguments: [SIGTERM, SIGINT])
    func idleConnectionsAreClosedAndTheExitStatusIsZero(signal: Int32) throws {
        let folder = try ServerFolder()
        let socket = folder.path + "/echo.sock"
        try folder.installEcho(on: ["127.0.0.1:0", "unix:\(socket)"])
        let server = try RunningServer(folder)
        let peers = try [server.connect(), server.connect(to: "echo", 1)]
        for peer in peers { #expect(try peer.ask("hi") == "hi") }
        server.signal(signal)
        for peer in peers {
            #expect(try peer.waitForEnd() == .closed)
            peer.close()
        }
        #expect(try server.process.wait(within: .seconds(10)).status == 0)
        #expect(!Files.exists(folder.controlSocket))
        #expect(!Files.exists(socket))
        try server.waitForLog("stopped")
    }

    @Test func noImageIsLeftBehind() throws {
        let server = try RunningServer.echo()
        #expect(try server.stop() == 0)
        #expect(Files.names(in: server.folder.images).isEmpty)
    }

    @Test func aPluginCanSendALastAnswer() throws {
        let folder = try ServerFolder()
        try folder.installShout()
        let server = try RunningServer(folder)
        let peer = try server.connect(to: "shout")
        #expect(try peer.ask("hi") == "HI")
        server.signal(SIGTERM)
        #expect(try peer.receiveLine() == "GOODBYE")
        #expect(try peer.waitForEnd() == .closed)
        peer.close()
        #expect(try server.process.wait().status == 0)
    }

    /// Takes two seconds, because a closed connection waits that long for its peer to close.
    @Test func aPeerThatStaysOpenDoesNotFailTheShutdown() throws {
        let server = try RunningServer.echo()
        let peer = try server.connect()
        #expect(try peer.ask("hi") == "hi")
        server.signal(SIGTERM)
        #expect(try peer.waitForEnd() == .closed)
        #expect(try server.process.wait(within: .seconds(10)).status == 0)
    }

    @Test func anOpenConnectionIsCutAtTheShutdownTimeout() throws {
        let folder = try ServerFolder(process: "shutdown_timeout = \"200ms\"")
        try folder.installFixture("holds-on")
        let server = try RunningServer(folder)
        let peer = try server.connect(to: "holds-on")
        try waitUntil("the peer is accepted") { try server.openConnections == 1 }
        let (end, time) = try measure {
            server.signal(SIGTERM)
            #expect(try peer.receive(2) == Array("no".utf8))
            return try peer.waitForEnd()
        }
        #expect(end == .reset)
        #expect(time > .milliseconds(100), "\(time)")
        #expect(try server.process.wait().status == 1)
        try server.waitForLog("cut: connections that did not end within shutdown_timeout")
    }

    @Test func theShutdownTimeoutAppliesToAReloadInTheProbe() throws {
        let folder = try ServerFolder(process: "probe_timeout = \"60s\"\nshutdown_timeout = \"200ms\"")
        try folder.installEcho(on: ["127.0.0.1:0"])
        let server = try RunningServer(folder)
        let host = try server.host
        try folder.installFixture("hangs-in-entry")
        server.signal(SIGHUP)
        // Before that, the end of the server takes the image away from the probe, which then ends at once.
        try waitUntil("the probe has loaded the plugin") {
            Processes.mapping(folder.images).contains { $0 != host }
        }
        server.signal(SIGTERM)
        #expect(try server.process.wait(within: .seconds(10)).status == 1)
        try server.waitForLog("stuck at shutdown: a reload is still being prepared")
    }

    @Test func aSecondSignalStopsAtOnce() throws {
        let folder = try ServerFolder(process: "shutdown_timeout = \"60s\"")
        try folder.installFixture("holds-on")
        let server = try RunningServer(folder)
        let peer = try server.connect(to: "holds-on")
        try waitUntil("the peer is accepted") { try server.openConnections == 1 }
        server.signal(SIGTERM)
        #expect(try peer.receive(2) == Array("no".utf8))
        #expect(server.process.isRunning)
        #expect(try server.stop(within: .seconds(5)) == 1)
        #expect(try peer.waitForEnd() == .reset)
    }

    @Test func nobodyIsAcceptedWhileItDrains() throws {
        let folder = try ServerFolder()
        try folder.installFixture("holds-on")
        let server = try RunningServer(folder)
        let address = try server.address(of: "holds-on")
        let peer = try Peer(address)
        try waitUntil("the peer is accepted") { try server.openConnections == 1 }
        server.signal(SIGTERM)
        #expect(try peer.receive(2) == Array("no".utf8))
        #expect(throws: Failure.self) { try Peer(address) }
        peer.close()
        #expect(try server.process.wait(within: .seconds(10)).status == 0)
    }

    @Test func theNextServerStartsInTheSameFolder() throws {
        let first = try RunningServer.echo()
        first.signal(SIGKILL)
        try first.process.wait()
        #expect(Files.exists(first.folder.controlSocket), "a killed server leaves its socket")
        let second = try RunningServer(first.folder)
        #expect(try second.connect().ask("again") == "again")
    }
}
