import Glibc
import Server
import Testing

/// Sessions that move to the next generation and sessions that do not. Their peers stay connected throughout.
@Suite struct MigrationTests {
    @Test func aSessionMovesWithItsState() throws {
        let server = try RunningServer.mover(Mover("1"))
        let peer = try server.mover()
        let entry = try server.swap(to: Mover("2"))
        #expect(entry.outcome == .swapped)
        #expect(entry.counts == [1, 0, 0])
        #expect(entry.detail.contains("migrated 1, pinned 0"))
        #expect(try peer.ask("version") == "2")
        #expect(try peer.ask("history").hasPrefix("lines 3 moves 1 "))
        try waitUntil("the old generation ends") { try server.generations(of: "mover") == [2] }
        #expect(try server.metric("moved_total", of: "mover") == 1)
        #expect(try server.metric("closed_total", of: "mover") == 0)
        #expect(try server.listener("mover")?.counts.accepted == 1)
        #expect(try server.openConnections == 1)
    }

    /// These are more sessions than the 256 that a loop moves at a time.
    @Test func manySessionsMove() throws {
        let folder = try ServerFolder(process: "loops = 1")
        try folder.serve(Mover("1"))
        let server = try RunningServer(folder)
        let peers = try (0..<300).map { _ in try server.mover() }
        #expect(try server.swap(to: Mover("2")).counts == [300, 0, 0])
        for peer in peers { #expect(try peer.ask("version") == "2") }
        try waitUntil("the old generation ends") { try server.generations(of: "mover") == [2] }
        #expect(try server.openConnections == 300)
    }

    @Test func aDowngradeMovesSessionsTheSameWay() throws {
        let server = try RunningServer.mover(Mover("2", ["STATE_VERSION": "2"]))
        let peer = try server.mover()
        #expect(try server.swap(to: Mover("1", ["STATE_VERSION": "1", "NEWEST": "2"])).counts == [1, 0, 0])
        #expect(try peer.ask("version") == "1")
        #expect(try server.swap(to: Mover("2", ["STATE_VERSION": "2"])).counts == [1, 0, 0])
        #expect(try peer.ask("version") == "2")
        #expect(try peer.ask("history").contains("moves 2"))
    }

    @Test(arguments: [
        (Mover("1"), Mover("2", ["NO_STATE": "1"])), (Mover("1", ["NO_STATE": "1"]), Mover("2")),
        (Mover("1"), Mover("2", ["SCHEMA": "\"other.session\""])),
        (Mover("1", ["STATE_VERSION": "2"]), Mover("2", ["STATE_VERSION": "1"])),
        (Mover("1", ["STATE_VERSION": "1"]), Mover("2", ["STATE_VERSION": "3", "OLDEST": "2"])),
    ])
    func aSessionThatCannotMoveIsPinned(old: Mover, new: Mover) throws {
        let server = try RunningServer.mover(old)
        let peer = try server.mover()
        let entry = try server.swap(to: new)
        #expect(entry.counts == [0, 0, 1], "\(old) to \(new)")
        #expect(entry.detail.contains("migrated 0, pinned 1"))
        #expect(try peer.ask("version") == "1")
        #expect(try server.mover().ask("version") == "2")
        let row = try #require(try server.generation(1, of: "mover"))
        #expect(row.reason == "its sessions cannot be restored by the current generation")
        peer.close()
        try waitUntil("the old generation ends") { try server.generations(of: "mover") == [2] }
    }

    @Test func aPinnedSessionMovesOnceAGenerationCanRestoreIt() throws {
        let server = try RunningServer.mover(Mover("1"))
        let peer = try server.mover()
        #expect(try server.swap(to: Mover("2", ["NO_STATE": "1"])).counts == [0, 0, 1])
        let between = try server.mover()
        #expect(try server.swap(to: Mover("3")).counts == [1, 0, 1])
        #expect(try peer.ask("version") == "3")
        #expect(try between.ask("version") == "2")
    }

    @Test func aBusySessionMovesAfterALaterCallback() throws {
        let server = try RunningServer.mover(Mover("1"))
        let peer = try server.mover()
        #expect(try peer.ask("busy") == "busy")
        let entry = try server.swap(to: Mover("2"))
        #expect(entry.counts == [0, 1, 0])
        #expect(entry.detail.hasSuffix("migrated 0, pinned 0, waiting 1"))
        #expect(try server.generation(1, of: "mover")?.reason == "its sessions are busy, or could not be moved")
        #expect(try peer.ask("version") == "1")
        #expect(try peer.ask("ready") == "ready")
        #expect(try peer.ask("version") == "2")
        try waitUntil("the old generation ends") { try server.generations(of: "mover") == [2] }
    }

    @Test func aBusySessionSkipsGenerationsInBetween() throws {
        let server = try RunningServer.mover(Mover("1"))
        let peer = try server.mover()
        #expect(try peer.ask("busy") == "busy")
        for version in 2...4 { #expect(try server.swap(to: Mover("\(version)")).counts == [0, 1, 0]) }
        try waitUntil("the generations in between end") { try server.generations(of: "mover") == [1, 4] }
        #expect(try peer.ask("ready") == "ready")
        #expect(try peer.ask("version") == "4")
        #expect(try peer.ask("history").contains("moves 1"))
    }

    @Test func aSessionWithARunningJobMovesAfterwards() throws {
        let server = try RunningServer.mover(Mover("1"))
        let peer = try server.mover()
        try peer.send("work\n")
        try waitUntil("the worker runs the job") { try server.status().workers.running == 1 }
        #expect(try server.swap(to: Mover("2")).counts == [0, 1, 0])
        #expect(try peer.ask("version") == "1")
        try Files.replace(server.folder.gate, with: [])
        #expect(try peer.receiveLine() == "worked by 1")
        #expect(try peer.ask("version") == "2")
        try waitUntil("the old generation ends") { try server.generations(of: "mover") == [2] }
    }

    @Test func aRefusedRestoreKeepsTheSessionWorking() throws {
        let server = try RunningServer.mover(Mover("1"))
        let peer = try server.mover()
        #expect(try server.swap(to: Mover("2", ["REFUSES": "1"])).counts == [0, 0, 1])
        #expect(try peer.ask("version") == "1")
        #expect(try server.generation(1, of: "mover")?.reason == "its sessions are busy, or could not be moved")
        #expect(try server.swap(to: Mover("3")).counts == [1, 0, 0])
        #expect(try peer.ask("version") == "3")
        #expect(try peer.ask("history").contains("moves 1"))
    }

    /// The first call of save gets 64 KiB. A larger state makes the host call it again with more.
    @Test(arguments: [65_000, 70_000, 1_000_000])
    func aSessionMovesWithALargeState(load: Int) throws {
        let server = try RunningServer.mover(Mover("1"))
        let peer = try server.mover()
        let sum = try peer.ask("load \(load)")
        #expect(try server.swap(to: Mover("2")).counts == [1, 0, 0])
        #expect(try peer.ask("version") == "2")
        #expect(try peer.ask("history") == "lines 4 moves 1 load \(sum)")
    }

    @Test func aSessionWithTooLargeAStateStays() throws {
        let server = try RunningServer.mover(Mover("1"))
        let peer = try server.mover()
        _ = try peer.ask("load 40000000")
        #expect(try server.swap(to: Mover("2")).counts == [0, 0, 1])
        #expect(try peer.ask("version") == "1")
    }

    @Test func theNewGenerationReadsAllUnconsumedInput() throws {
        let server = try RunningServer.mover(Mover("1"))
        let peer = try server.mover()
        let long = String(repeating: "x", count: 180)
        try peer.send("ver")
        let other = try server.mover()
        try other.send(long)
        try waitUntil("both pieces have arrived") { try server.listener("mover")?.counts.bytesReceived == 12 + 3 + 180 }
        #expect(try server.swap(to: Mover("2")).counts == [2, 0, 0])
        try peer.send("sion\nhistory\n")
        #expect(try peer.receiveLine() == "2")
        #expect(try peer.receiveLine().hasPrefix("lines 3 moves 1 "))
        #expect(try other.ask("y") == long + "y")
    }

    @Test func waitingOutputMovesWithTheSession() throws {
        let server = try RunningServer.mover(Mover("1"))
        let size = 9_000_000
        let peer = try Peer(server.address(of: "mover"), receiveBuffer: 16_384)
        try peer.send("fill \(size)\nversion\n")
        #expect(try peer.receive(1) == [0])
        #expect(try server.swap(to: Mover("2")).counts == [1, 0, 0])
        let rest = try peer.receive(size - 1)
        #expect(rest.enumerated().allSatisfy { $0.element == UInt8(($0.offset + 1) % 251) })
        _ = try peer.receiveLine()
        #expect(try peer.ask("version") == "2")
        #expect(try peer.ask("history").contains("moves 1"))
    }

    @Test func aTimerFiresInTheNewGeneration() throws {
        let server = try RunningServer.mover(Mover("1"))
        let peer = try server.mover()
        try server.folder.install(Mover("2"))
        // The timer must outlast the swap, even on a busy machine and under a sanitizer.
        #expect(try peer.ask("timer 5000") == "set")
        #expect(try server.reloaded("mover").counts == [1, 0, 0])
        #expect(try peer.receiveLine() == "tick of 2")
    }

    @Test func aMovedSessionGetsTheNewGenerationsTimeouts() throws {
        let folder = try ServerFolder()
        try folder.serve(Mover("1"), "[limits]\nidle_timeout = \"10m\"")
        let server = try RunningServer(folder)
        let peer = try server.mover()
        try folder.listen("mover", plugin: "mover.so", "[limits]\nidle_timeout = \"200ms\"")
        #expect(try server.reloaded("mover").counts == [1, 0, 0])
        #expect(try peer.waitForEnd() == .closed)
    }

    @Test func manySessionsMoveOnAllLoops() throws {
        let server = try RunningServer.mover(Mover("1"))
        let peers = try (0..<200).map { _ in try server.mover() }
        for version in 2...4 { #expect(try server.swap(to: Mover("\(version)")).counts == [200, 0, 0]) }
        for peer in peers { #expect(try peer.ask("history").contains("moves 3")) }
        try waitUntil("one generation is left") { try server.generations(of: "mover") == [4] }
        #expect(try server.metric("restored_total", of: "mover") == 600)
        #expect(try server.metric("moved_total", of: "mover") == 600)
        for peer in peers { peer.close() }
        try waitUntil("every session is released") { try server.metric("closed_total", of: "mover") == 200 }
        #expect(try server.openConnections == 0)
    }

    @Test func changedOptionsMoveSessionsToo() throws {
        let server = try RunningServer.mover(Mover("1"))
        let peer = try server.mover()
        try server.folder.listen("mover", plugin: "mover.so", "[options]\ngate = \"elsewhere\"")
        #expect(try server.reloaded("mover").counts == [1, 0, 0])
        #expect(try peer.ask("history").contains("moves 1"))
    }
}
