import Glibc
import Server
import Testing

/// Plugins that break the rules of `martlet.h` while they serve. Only the connection concerned is affected.
@Suite struct MisbehaviourTests {
    /// A server with the fixture and the echo plugin.
    private func server(_ fixture: String, _ more: String = "") throws -> RunningServer {
        let folder = try ServerFolder()
        try folder.installEcho()
        try folder.installFixture(fixture, more)
        return try RunningServer(folder)
    }

    private func metric(_ server: RunningServer, _ fixture: String, _ name: String) throws -> Int64? {
        try server.listener(fixture)?.metrics.first { $0.name == name }?.value
    }

    private func expectUnharmed(_ server: RunningServer, _ fixture: String) throws {
        try waitUntil("its connections are gone") { try server.listener(fixture)?.counts.open == 0 }
        #expect(try server.connect().ask("unharmed") == "unharmed")
    }

    @Test(arguments: ["consumes-too-much", "commits-too-much"])
    func aFaultAbortsTheConnectionAndIsCounted(_ fixture: String) throws {
        let server = try server(fixture)
        for _ in 0..<3 {
            let peer = try server.connect(to: fixture)
            try peer.send("misbehave")
            #expect(try peer.waitForEnd() == .reset)
        }
        #expect(try server.listener(fixture)?.counts.faults == 3)
        try expectUnharmed(server, fixture)
    }

    @Test func writesAfterCloseAreRefused() throws {
        let server = try server("writes-after-close")
        let peer = try server.connect(to: "writes-after-close")
        try peer.send("anything")
        #expect(try String(decoding: peer.receiveToEnd(), as: UTF8.self) == "last")
        peer.close()
        try expectUnharmed(server, "writes-after-close")
        #expect(try metric(server, "writes-after-close", "taken_total") == 0)
        #expect(
            try metric(server, "writes-after-close", "released_total") == 4,
            "expected all lent memory back: two blocks from received, two from closed")
    }

    @Test func unconsumedInputIsCutAtItsLimit() throws {
        let server = try server("never-consumes", "[limits]\nmax_input = \"64KiB\"")
        let peer = try server.connect(to: "never-consumes")
        try peer.send(patternBytes(60_000))
        #expect(!peer.hasInput(within: 100), "below the limit the input may wait")
        _ = try? peer.send(patternBytes(200_000))
        _ = try peer.waitForEnd()
        try expectUnharmed(server, "never-consumes")
    }

    @Test func aPluginThatIgnoresFullIsStoppedByTheHost() throws {
        let server = try server("ignores-full")
        let before = try server.ownBytes
        for round in 1...3 {
            let peer = try server.connect(to: "ignores-full")
            try peer.send("now")
            try waitUntil("writes are refused") {
                try metric(server, "ignores-full", "refused_total")! >= Int64(round) * 2_000
            }
            let during = try server.ownBytes
            #expect(
                during < before + Sanitizer.bytes(64 << 20),
                "200 MB were written, at most 16 MiB above the high-water mark are accepted")
            peer.reset()
            try expectUnharmed(server, "ignores-full")
        }
        let after = try server.ownBytes
        print("200 MB three times over: resident \(mebibytes(before)) -> \(mebibytes(after)) afterwards")
        #expect(after < before + Sanitizer.bytes(80 << 20))
    }

    @Test func aPeerThatThePluginRefusesIsReset() throws {
        let server = try server("refuses-to-open")
        let peer = try server.connect(to: "refuses-to-open")
        #expect(try peer.waitForEnd() == .reset)
        #expect(try server.listener("refuses-to-open")?.counts.refused == 1)
        try expectUnharmed(server, "refuses-to-open")
    }

    @Test func aPeerThatResetsWhileItIsPausedIsNoticed() throws {
        let server = try server("pauses-for-ever")
        let peer = try server.connect(to: "pauses-for-ever")
        try peer.send("x")
        #expect(try peer.receive(6) == Array("paused".utf8))
        peer.reset()
        try expectUnharmed(server, "pauses-for-ever")
    }

    @Test func aMisbehavingPluginCanBeReplaced() throws {
        let server = try server("consumes-too-much")
        try server.folder.install(Fixture.library("pauses-for-ever"), as: "consumes-too-much.so")
        #expect(try server.reload("consumes-too-much") == .swapped)
        let peer = try server.connect(to: "consumes-too-much")
        try peer.send("x")
        #expect(try peer.receive(6) == Array("paused".utf8))
    }
}
