import Server
import Testing

/// A plugin in C that uses groups, instance timers, output to other connections and instance state: `notice-board.c`.
@Suite struct NoticeBoardTests {
    private let server: RunningServer

    init() throws {
        let folder = try ServerFolder()
        try Self.install(folder, "1.0.0")
        try folder.listen("notice-board", plugin: "notice-board.so")
        server = try RunningServer(folder)
    }

    private static func install(_ folder: ServerFolder, _ version: String) throws {
        let defines = ["VERSION": "\"\(version)\"", "PERIOD": "500"]
        try folder.install(Fixture.library("notice-board", defines: defines), as: "notice-board.so")
    }

    /// The next line that is no tick of the timer.
    private func line(_ peer: Peer) throws -> String {
        while true {
            let line = try peer.receiveLine()
            if !line.hasPrefix("# ") { return line }
        }
    }

    @Test func watchersGetNoticesAndTicks() throws {
        let peers = try (0..<6).map { _ in try server.connect(to: "notice-board") }
        for peer in peers.dropLast() { try peer.send("watch\n") }
        for peer in peers.dropLast() { #expect(try peer.receiveLine() == "# 0 notices") }
        #expect(try peers[5].ask("pin closed on Monday") == "pinned 1")
        for peer in peers.dropLast() { #expect(try line(peer) == "closed on Monday") }
        for peer in peers.dropLast() {
            while try peer.receiveLine() != "# 1 notices" {}
        }
    }

    @Test func onePeerTellsAnother() throws {
        let peers = try (0..<6).map { _ in try server.connect(to: "notice-board") }
        for (index, peer) in peers.enumerated() {
            let id = try peer.ask("id")
            try peers[(index + 1) % 6].send("tell \(id) number \(index)\n")
            #expect(try peer.receiveLine() == "number \(index)")
        }
    }

    @Test func noticesSurviveASwapAndARollback() throws {
        let peer = try server.connect(to: "notice-board")
        #expect(try peer.ask("pin one") == "pinned 1")
        try Self.install(server.folder, "2.0.0")
        let entry = try #require(try server.reload().entries.first)
        #expect(entry.outcome == .swapped && entry.moves?.migrated == 1, "\(entry.detail)")
        #expect(try peer.ask("pin two") == "pinned 2")
        #expect(try server.folder.martlet("rollback", "notice-board").status == 0)
        #expect(try server.row("notice-board").version == "1.0.0")
        try peer.send("watch\n")
        #expect(try [line(peer), line(peer)] == ["one", "two"])
    }
}
