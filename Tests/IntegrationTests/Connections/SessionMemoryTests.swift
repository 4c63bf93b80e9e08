import Instances
import PluginHost
import Server
import Testing

/// Sessions in the host's memory (`session_size`), including sessions without pointers (MARTLET_PLUGIN_PLAIN_SESSIONS).
@Suite struct SessionMemoryTests {
    private func library(_ version: String, layout: String? = nil, _ more: [String: String] = [:]) throws -> String {
        var defines = more
        defines["VERSION"] = "\"\(version)\""
        if let layout { defines["LAYOUT"] = "\"\(layout)\"" }
        return try Fixture.library("keeper", defines: defines)
    }

    private func server(layout: String? = nil, process: String = "") throws -> RunningServer {
        let folder = try ServerFolder(process: process)
        try folder.install(library("1", layout: layout), as: "keeper.so")
        try folder.listen("keeper", plugin: "keeper.so")
        return try RunningServer(folder)
    }

    private func swap(_ server: RunningServer, to library: String) throws -> [Int] {
        try server.folder.install(library, as: "keeper.so")
        return try server.reloaded("keeper").counts
    }

    @Test func newSessionsAreZeroed() throws {
        let server = try server(process: "loops = 1")
        for _ in 0..<5 {
            let peers = try (0..<3).map { _ in try server.connect(to: "keeper") }
            for peer in peers {
                #expect(try peer.ask("a") == "1 for 1")
                #expect(try peer.ask("b") == "2 for 1")
            }
            for peer in peers { peer.close() }
            try waitUntil("the peers are gone") { try server.openConnections == 0 }
        }
    }

    @Test func eachOfManySessionsHasItsOwnMemory() throws {
        let server = try server()
        // More sessions than fit into one chunk of memory.
        let peers = try (0..<200).map { _ in try server.connect(to: "keeper") }
        for round in 1...3 {
            for peer in peers { #expect(try peer.ask("x") == "\(round) for 1") }
        }
    }

    @Test func plainSessionsMoveByteForByte() throws {
        let server = try server(layout: "keeper/1")
        let peers = try (0..<3).map { _ in try server.connect(to: "keeper") }
        for peer in peers { #expect(try peer.ask("x") == "1 for 1") }
        #expect(try swap(server, to: library("2", layout: "keeper/1")) == [3, 0, 0])
        for peer in peers { #expect(try peer.ask("x") == "2 for 2") }
        #expect(try swap(server, to: library("1", layout: "keeper/1")) == [3, 0, 0])
        for peer in peers { #expect(try peer.ask("x") == "3 for 1") }
        #expect(try server.connect(to: "keeper").ask("x") == "1 for 1", "expected zeroed memory after reuse")
        try waitUntil("the old generations are gone") { try server.generations(of: "keeper") == [3] }
    }

    @Test func plainSessionsOfAnotherLayoutStay() throws {
        let server = try server(layout: "keeper/1")
        let peer = try server.connect(to: "keeper")
        #expect(try peer.ask("x") == "1 for 1")
        #expect(try swap(server, to: library("2", layout: "keeper/2")) == [0, 0, 1])
        #expect(try peer.ask("x") == "2 for 1")
        #expect(try server.connect(to: "keeper").ask("x") == "1 for 2")
    }

    @Test func sessionsNotDeclaredPlainStay() throws {
        let server = try server()
        let peer = try server.connect(to: "keeper")
        #expect(try peer.ask("x") == "1 for 1")
        #expect(try swap(server, to: library("2")) == [0, 0, 1])
        #expect(try peer.ask("x") == "2 for 1")
    }

    @Test(arguments: [("1", "[heap]"), ("2", "[stack]"), ("3", "the image of the plugin")])
    func theProbeRefusesAPlainSessionWithAPointer(_ points: String, _ place: String) throws {
        let file = try library("1", layout: "keeper/1", ["POINTS": points])
        let result = try Subprocess.run(BuildFolder.martlet, ["plugins", "check", file])
        #expect(result.status == 1)
        let text = result.output + result.errors
        let rule =
            "its session, which MARTLET_PLUGIN_PLAIN_SESSIONS says holds no pointers (keeper/1), holds one at byte 8, into "
        #expect(text.contains(rule), "\(text)")
        // Sanitizers bring an allocator with a heap of its own, which the kernel does not name.
        if !Sanitizer.isOn || place != "[heap]" { #expect(text.contains(rule + place), "\(text)") }
    }

    /// The host checks for pointers only in sessions that are declared plain.
    @Test func theProbeAcceptsAPointerInAnyOtherSession() throws {
        let file = try library("1", ["POINTS": "1"])
        #expect(try Subprocess.run(BuildFolder.martlet, ["plugins", "check", file]).status == 0)
    }
}
