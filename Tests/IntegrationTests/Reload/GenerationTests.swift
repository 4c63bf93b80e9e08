import Server
import Testing

/// `martlet generations`: which generations of a listener are alive, and why.
@Suite struct GenerationTests {
    @Test func eachRowGivesItsReason() throws {
        let folder = try ServerFolder()
        try folder.serve(Mover("1"))
        try folder.installShout()
        let server = try RunningServer(folder)
        let (busy, moving) = (try server.mover(), try server.mover())
        let (shouting, working) = (try server.connect(to: "shout"), try server.connect(to: "shout"))
        #expect(try busy.ask("busy") == "busy")
        #expect(try shouting.ask("x") == "X" && working.ask("x") == "X")
        try folder.install(Mover("2"))
        try folder.installShout(version: "2.0.0")
        try server.reload()
        #expect(
            try reasons(server) == [
                "mover 1 retiring 1: its sessions are busy, or could not be moved",
                "mover 2 running 1: gets new connections",
                "shout 1 retiring 2: its sessions cannot be restored by the current generation",
                "shout 2 running 0: gets new connections",
            ])
        #expect(try moving.ask("version") == "2")

        try folder.remove("shout.toml")
        try server.reload()
        let stopping = "its listener is gone; connections continue until they close"
        #expect(try reasons(server).contains("shout 1 retiring 2: \(stopping)"))
        try folder.listen("mover", plugin: "mover.so", "on_reload = \"drain\"\ndrain_timeout = \"1m\"")
        #expect(try moving.ask("stay") == "staying" && busy.ask("stay") == "staying")
        #expect(try server.swap(to: Mover("3")).outcome == .swapped)
        let rows = try reasons(server)
        #expect(rows.contains("mover 1 retiring 1: is draining") && rows.contains("mover 2 retiring 1: is draining"))
    }

    /// No peer is connected, but a worker has not finished.
    @Test func aGenerationWithARunningJobStays() throws {
        let server = try RunningServer.mover(Mover("1"))
        let peer = try server.mover()
        try peer.send("work\n")
        try waitUntil("the worker runs the job") { try server.status().workers.running == 1 }
        peer.reset()
        try waitUntil("the peer is gone") { try server.openConnections == 0 }
        try server.swap(to: Mover("2"))
        #expect(try reasons(server).first == "mover 1 retiring 0: waits for work of its plugin")
        try Files.replace(server.folder.gate, with: [])
        try waitUntil("the old generation ends") { try server.generations(of: "mover") == [2] }
    }

    @Test func rowsCarryAgesHashesAndVersions() throws {
        let server = try RunningServer.mover(Mover("1"), "on_reload = \"pin\"")
        let peer = try server.mover()
        try server.swap(to: Mover("2"))
        let output = try server.folder.martlet("generations", "--json").output
        let rows = try decodeJSON([GenerationRow].self, from: output)
        #expect(rows.map(\.version) == ["1", "2"])
        #expect(rows.allSatisfy { $0.hash.count == 64 && $0.ageSeconds > 0 })
        #expect(rows[0].oldestConnectionSeconds ?? 0 > 0 && rows[1].oldestConnectionSeconds == 0)
        #expect(rows[0].ageSeconds > rows[1].ageSeconds)
        let table = try server.folder.martlet("generations").output
        #expect(table.contains("WHY") && table.contains("on_reload keeps its connections here"))
        #expect(try peer.ask("version") == "1")
    }

    private func reasons(_ server: RunningServer) throws -> [String] {
        try server.generationRows().map {
            "\($0.listener) \($0.generation) \($0.state) \($0.connections): \($0.reason)"
        }
    }
}
