import Server
import Testing

/// A listener with several named addresses.
@Suite struct NamedEndpointTests {
    /// Writes an echo listener on 127.0.0.1 and on 127.0.0.2, each with a free port and a name.
    private func write(_ first: String, _ second: String, _ more: String = "", to folder: ServerFolder) throws {
        let text = """
            plugin = "echo.so"
            [[listen]]
            name = "\(first)"
            address = "127.0.0.1:0"
            [[listen]]
            name = "\(second)"
            address = "127.0.0.2:0"
            \(more)
            """
        try Files.replace(folder.file("echo.toml"), with: Array(text.utf8), mode: 0o644)
    }

    private func folder() throws -> ServerFolder {
        let folder = try ServerFolder()
        try folder.installEcho()
        try write("public", "internal", to: folder)
        return folder
    }

    /// The endpoints in the output of `martlet status --json`.
    private func endpoints(_ folder: ServerFolder) throws -> [StatusReport.Endpoint] {
        let report = try decodeJSON(StatusReport.self, from: folder.martlet("status", "--json").output)
        let listener = try #require(report.listeners.first)
        #expect(listener.endpoints.map(\.address) == listener.addresses)
        return listener.endpoints
    }

    @Test func statusAndCheckShowTheNames() throws {
        let folder = try folder()
        let check = try folder.martlet("config", "check", folder.plugins).output
        #expect(check.contains(" on 127.0.0.1:0 (public), 127.0.0.2:0 (internal)\n"))
        let server = try RunningServer(folder)
        let endpoints = try endpoints(folder)
        #expect(endpoints.map(\.name) == ["public", "internal"])
        let shown = try folder.martlet("status").output
        #expect(shown.contains("\(endpoints[0].address) (public) \(endpoints[1].address) (internal)\n"))
        #expect(try server.connect(to: "echo", 0).ask("one") == "one")
        #expect(try server.connect(to: "echo", 1).ask("two") == "two")
    }

    @Test func aNewNameKeepsTheSocketsAndTheirConnections() throws {
        let folder = try folder()
        let server = try RunningServer(folder)
        let before = try endpoints(folder)
        let peers = try [server.connect(to: "echo", 0), server.connect(to: "echo", 1)]
        #expect(try peers.map { try $0.ask("before") } == ["before", "before"])
        let visitors = try Visitors(server.address(of: "echo", 1))
        for round in 0..<20 {
            try write("public", "internal-\(round)", to: folder)
            #expect(try server.reload("echo") == .moved)
        }
        #expect(try visitors.finish() > 0)
        let after = try endpoints(folder)
        #expect(after.map(\.address) == before.map(\.address))
        #expect(after.map(\.name) == ["public", "internal-19"])
        #expect(try peers.map { try $0.ask("after") } == ["after", "after"])
        let listener = try #require(try server.listener("echo"))
        #expect(listener.generations.map(\.generation) == [1])
        #expect(listener.counts.refused == 0)
    }

    /// If the limits change too, the reload is a swap; otherwise it is a move.
    @Test(arguments: ["", "[limits]\nidle_timeout = \"50s\""])
    func aFailedCommitRestoresTheNames(limits: String) throws {
        let folder = try folder()
        let failPoint = FailPointFile(folder)
        let server = try RunningServer(folder, launcher: failPoint.launcher)
        let before = try endpoints(folder)
        try write("internal", "public", limits, to: folder)
        try failPoint.set(.retire)
        #expect(try server.reload().isRefused)
        #expect(try endpoints(folder) == before)
        #expect(try server.reload("echo") == (limits.isEmpty ? .moved : .swapped))
        #expect(try endpoints(folder).map(\.name) == ["internal", "public"])
        #expect(try endpoints(folder).map(\.address) == before.map(\.address))
    }
}
