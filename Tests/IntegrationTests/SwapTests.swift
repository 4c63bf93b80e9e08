import Server
import Testing

/// A reload with another plugin file: which connections get the old code, which get the new code, and when the old generation ends.
@Suite struct SwapTests {
    @Test func oldConnectionsStayAndNewOnesGetTheNewVersion() throws {
        let folder = try ServerFolder()
        try folder.installShout(version: "1.0.0")
        let server = try RunningServer(folder)
        let old = try server.connect(to: "shout")
        #expect(try old.ask("?version") == "1.0.0")
        try folder.installShout(version: "2.0.0")
        let entry = try #require(try server.reload().entries.first)
        #expect(entry.outcome == .swapped)
        #expect(entry.detail.hasPrefix("shout 2.0.0 ("))
        #expect(entry.moves?.migrated == 0)
        #expect(entry.moves?.pinned == 1)

        #expect(try old.ask("?version") == "1.0.0")
        #expect(try server.connect(to: "shout").ask("?version") == "2.0.0")
        let rows = try server.rows().map { "\($0.version) \($0.generation) \($0.state) \($0.connections > 0)" }
        #expect(rows.contains("1.0.0 1 retiring true"))
        #expect(rows.contains { $0.hasPrefix("2.0.0 2 running") })

        old.close()
        try waitUntil("the old generation ends") {
            try server.listener("shout")?.generations.map(\.generation) == [2]
        }
    }

    @Test func severalGenerationsLiveSideBySide() throws {
        let folder = try ServerFolder()
        try folder.installShout(version: "0")
        let server = try RunningServer(folder)
        var peers: [Peer] = []
        for version in 0..<6 {
            try folder.installShout(version: "\(version)")
            try server.reload()
            peers.append(try server.connect(to: "shout"))
            for (index, peer) in peers.enumerated() { #expect(try peer.ask("?version") == "\(index)") }
        }
        #expect(try server.listener("shout")?.generations.map(\.generation) == [1, 2, 3, 4, 5, 6])
        peers[2].close()
        try waitUntil("generation 3 ends") {
            try server.listener("shout")?.generations.map(\.generation) == [1, 2, 4, 5, 6]
        }
    }

    @Test func anUnloadableImageIsUnmappedWithItsLastSession() throws {
        let folder = try ServerFolder()
        try folder.installShout(version: "1.0.0")
        let server = try RunningServer(folder)
        let old = try server.row("shout").hash
        let peer = try server.connect(to: "shout")
        #expect(try peer.ask("here") == "HERE")
        try folder.installShout(version: "2.0.0")
        try server.reload()
        #expect(try Processes.maps(server.host, old))
        peer.close()
        try waitUntil("the old image is unmapped") { try !Processes.maps(server.host, old) }
        let new = try server.row("shout").hash
        #expect(try Processes.maps(server.host, new))
    }

    /// The Swift runtime keeps pointers into every image, so unmapping an image would crash the host later.
    @Test func aSwiftImageStaysMapped() throws {
        let server = try RunningServer.echo()
        let old = try server.row("echo").hash
        try server.folder.install(BuildFolder.plugin("EchoPlugin"), as: "echo.so", appending: [1])
        #expect(try server.reload("echo") == .swapped)
        try waitUntil("the old generation ends") { try server.listener("echo")?.generations.count == 1 }
        #expect(try Processes.maps(server.host, old))
        #expect(try server.connect().ask("new") == "new")
    }

    @Test func changedOptionsMakeANewGenerationOfTheSameImage() throws {
        let folder = try ServerFolder()
        try folder.installShout("[options]\nprefix = \"a\"")
        let server = try RunningServer(folder)
        let old = try server.connect(to: "shout")
        let hash = try server.row("shout").hash
        try folder.listen("shout", plugin: "shout.so", "[options]\nprefix = \"b\"")
        #expect(try server.reload("shout") == .swapped)
        #expect(try old.ask("x") == "aX")
        #expect(try server.connect(to: "shout").ask("x") == "bX")
        #expect(try server.row("shout").hash == hash)
    }

    @Test func anOptionThatThePluginRefusesLeavesTheOldGeneration() throws {
        let folder = try ServerFolder()
        try folder.installShout()
        let server = try RunningServer(folder)
        let long = String(repeating: "x", count: 80)
        try folder.listen("shout", plugin: "shout.so", "[options]\nprefix = \"\(long)\"")
        let entry = try #require(try server.reload().entries.first)
        #expect(entry.outcome == .refused)
        #expect(entry.detail.contains("shout.toml:4:"), "expected the option's line: \(entry.detail)")
        #expect(entry.detail.contains("options.prefix: expected less than 64 bytes"))
        #expect(try server.connect(to: "shout").ask("x") == "X")
    }

    @Test func theSameContentCopiedAgainIsUnchanged() throws {
        let server = try RunningServer.echo()
        try server.folder.install(BuildFolder.plugin("EchoPlugin"), as: "echo.so")
        #expect(try server.reload("echo") == .unchanged)
        try server.folder.install(BuildFolder.plugin("EchoPlugin"), as: "other-name.so")
        try server.folder.listen("echo", plugin: "other-name.so")
        #expect(try server.reload("echo") == .unchanged)
        #expect(try server.listener("echo")?.generations.map(\.generation) == [1])
    }

    @Test func pluginsShowsOutdatedMissingAndUnusedFiles() throws {
        let server = try RunningServer.echo()
        #expect(try server.row("echo").state == .running)
        try server.folder.install(BuildFolder.plugin("EchoPlugin"), as: "echo.so", appending: [1])
        let outdated = try server.row("echo")
        #expect(outdated.state == .outdated)
        #expect(outdated.note.contains("reload to run it"))
        try server.folder.remove("echo.so")
        #expect(try server.row("echo").state == .missing)
        try server.folder.install(BuildFolder.plugin("EchoPlugin"), as: "spare.so")
        #expect(try server.rows().contains { $0.state == .unused && $0.file.hasSuffix("/spare.so") })
        #expect(try server.connect().ask("still") == "still")
    }
}
