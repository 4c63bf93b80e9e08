import Glibc
import Server
import Testing

/// What happens to a listener, and to the server, while the callbacks of the listener stand still for the move of its state.
@Suite struct StandstillTests {
    /// A listener `tally`, whose `save` waits for the gate, and a listener `one`, which hands connections over to it.
    private static func server(_ tally: String = "", one: String = "") throws -> RunningServer {
        let folder = try ServerFolder(process: "loops = 1")
        try folder.switchboard("one", one)
        try folder.serve(.tally("1", ["HANGS": "1"]), "exercise = false\nstate_timeout = \"60s\"\n" + tally)
        return try RunningServer(folder)
    }

    /// Starts a swap of `tally`, and returns when its connections stand still.
    private static func standstill(of server: RunningServer) throws -> Background<Receipt> {
        nonisolated(unsafe) let server = server
        try server.folder.install(.tally("2"))
        let reload = try Background { try server.reload() }
        try server.waitForLog("waits at the gate")
        return reload
    }

    @Test(arguments: ["loops", "workers"]) func theServerStops(dispatch: String) throws {
        let server = try Self.server("dispatch = \"\(dispatch)\"")
        let peers = try (0..<3).map { _ in try server.mover("tally") }
        let reload = try Self.standstill(of: server)
        try peers[0].send("count\n")
        server.signal(SIGTERM)
        try Files.replace(server.folder.gate, with: [])
        for peer in peers { _ = try? peer.receiveToEnd() }
        #expect(try server.process.wait(within: .seconds(20)).status == 0)
        _ = try? reload.value()
    }

    @Test func aConnectionHandedOverWaits() throws {
        let server = try Self.server()
        let peer = try server.connect(to: "one")
        #expect(try peer.ask("here") == "here")
        let reload = try Self.standstill(of: server)
        try peer.send("to tally\ncount\n")
        try server.waitForLog("one: closed because of 17.")
        try Files.replace(server.folder.gate, with: [])
        #expect(try peer.receiveLine() == "1")
        #expect(try peer.ask("version") == "2 on 0")
        #expect(try reload.value().entry(of: "tally").outcome == .swapped)
        try waitUntil("it is counted once") {
            try [server.counts(of: "one").open, server.counts(of: "tally").open] == [0, 1]
        }
    }

    @Test(arguments: [false, true]) func aConnectionHandedOverMayEndMeanwhile(isReset: Bool) throws {
        let server = try Self.server("[limits]\nconnections = 1", one: "[limits]\nidle_timeout = \"1s\"")
        let reload = try Self.standstill(of: server)
        let peer = try server.connect(to: "one")
        try peer.send("to tally\n")
        try server.waitForLog("one: closed because of 17.")
        if isReset { peer.reset() } else { #expect(try peer.waitForEnd() == .closed) }
        try waitUntil("the connection is gone") { try server.counts(of: "one").open == 0 }
        try Files.replace(server.folder.gate, with: [])
        #expect(try reload.value().entry(of: "tally").outcome == .swapped)
        // The place that was reserved for it is free again.
        try waitUntil("the connection is gone") { try server.counts(of: "tally").open == 0 }
        #expect(try server.mover("tally").ask("count") == "1")
    }
}
