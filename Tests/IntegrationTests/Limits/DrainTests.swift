import Glibc
import Server
import Testing

/// SIGTERM with connections of several kinds: those that can finish do so, the others are cut, and the log counts them by listener.
@Suite struct DrainTests {
    /// Has one loop, which tells all connections at once: a peer that sees the end of its own knows that the others have been told.
    private func server(timeout: String) throws -> RunningServer {
        let folder = try ServerFolder(process: "loops = 1\nshutdown_timeout = \"\(timeout)\"")
        try folder.installEcho()
        try folder.installShout()
        try folder.listen("proxied", plugin: "shout.so", "[access]\nproxies = [\"127.0.0.1\"]")
        try folder.installFixture("holds-on")
        try folder.install(BuildFolder.plugin("HTTPPlugin"), as: "http.so")
        try folder.listen("http", plugin: "http.so")
        return try RunningServer(folder)
    }

    /// The lines of the log about connections that were cut.
    private func cuts(_ server: RunningServer) -> [Substring] {
        server.log.split(separator: "\n").filter { $0.contains("cut: connections that did not end") }
    }

    @Test func connectionsThatCanFinishAreNotCut() throws {
        let server = try server(timeout: "20s")
        let idle = try server.connect()
        #expect(try idle.ask("idle") == "idle")
        let greeted = try server.connect(to: "shout")
        try greeted.send("half a li")
        let pending = try server.connect(to: "proxied")
        try pending.send("PROXY TCP4 192.0.2.1")
        let request = try HTTPPeer(server.address(of: "http"))
        try request.peer.send("GET / HTTP/1.1\r\nHost:")
        try waitUntil("all connections are open") {
            try server.openConnections == 4 && server.status().totals.bytesReceived >= 5 + 9 + 21
        }
        server.signal(SIGTERM)
        #expect(try idle.waitForEnd() == .closed)
        #expect(try greeted.receiveLine() == "GOODBYE")
        _ = try pending.waitForEnd()
        try request.peer.send(" x\r\n\r\n")
        let answer = try request.answer()
        #expect(answer.status == 200 && answer.fields["connection"] == "close")
        for peer in [idle, greeted, pending, request.peer] { peer.close() }
        #expect(try server.process.wait(within: .seconds(10)).status == 0)
        #expect(cuts(server).isEmpty)
        try server.waitForLog("stopped")
        try server.waitForLog("cut=0")
    }

    @Test func unfinishedConnectionsAreCutAndLoggedByListener() throws {
        let server = try server(timeout: "300ms")
        let holding = try (0..<3).map { _ in try server.connect(to: "holds-on") }
        let request = try server.connect(to: "http")
        try request.send("GET / HTTP/1.1\r\nHost:")
        let idle = try server.connect()
        #expect(try idle.ask("idle") == "idle")
        let pending = try server.connect(to: "proxied")
        try waitUntil("all connections are open") {
            try server.openConnections == 6 && server.status().totals.bytesReceived >= 5 + 21
        }
        server.signal(SIGTERM)
        for peer in holding {
            #expect(try peer.receive(2) == Array("no".utf8))
            #expect(try peer.waitForEnd() == .reset)
        }
        _ = try request.waitForEnd()
        #expect(try idle.waitForEnd() == .closed)
        _ = try pending.waitForEnd()
        #expect(try server.process.wait(within: .seconds(10)).status == 1)
        let cuts = cuts(server)
        #expect(cuts.count == 2, "\(cuts)")
        #expect(cuts.contains { $0.contains("listener=holds-on") && $0.contains("connections=3") }, "\(cuts)")
        #expect(cuts.contains { $0.contains("listener=http") && $0.contains("connections=1") }, "\(cuts)")
        try server.waitForLog("cut=4")
    }

    @Test func connectionsOnWorkersFinishToo() throws {
        let folder = try ServerFolder(process: "shutdown_timeout = \"20s\"")
        try folder.installFixture("blocks")
        let server = try RunningServer(folder)
        let peer = try server.connect(to: "blocks")
        #expect(try peer.receiveLine() == "0 hello worker")
        let sleep = "sleep \(300 * Sanitizer.slowness)"
        try peer.send(sleep + "\n")
        try waitUntil("the job runs") { try server.status().workers.running == 1 }
        server.signal(SIGTERM)
        #expect(try peer.receiveLine() == "1 \(sleep) worker")
        #expect(try peer.receiveLine() == "1 draining worker")
        #expect(try peer.waitForEnd() == .closed)
        peer.close()
        #expect(try server.process.wait(within: .seconds(10)).status == 0)
    }

    @Test func aPeerThatWaitsForItsRequestRateIsDrained() throws {
        let server = try RunningServer.shout(
            process: "shutdown_timeout = \"20s\"", "[limits]\nrequest_rate = 1\nrequest_burst = 1")
        let peer = try server.connect(to: "shout")
        try peer.send(String(repeating: "x\n", count: 50))
        #expect(try peer.receive(100).count == 100)
        server.signal(SIGTERM)
        #expect(try peer.receiveLine() == "GOODBYE")
        #expect(try peer.waitForEnd() == .closed)
        peer.close()
        #expect(try server.process.wait(within: .seconds(10)).status == 0)
    }
}
