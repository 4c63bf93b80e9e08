import Glibc
import Server
import Testing

/// `on_reload`, `drain_timeout` and `max_generations`: what happens to connections that a listener does not migrate.
@Suite struct PolicyTests {
    @Test func pinnedSessionsStayUntilTheyClose() throws {
        let server = try RunningServer.mover(Mover("1"), "on_reload = \"pin\"")
        let peer = try server.mover()
        #expect(try server.swap(to: Mover("2")).counts == [0, 0, 1])
        #expect(try peer.ask("version") == "1")
        #expect(try server.generation(1, of: "mover")?.reason == "on_reload keeps its connections here")
        #expect(try server.mover().ask("version") == "2")
        peer.close()
        try waitUntil("the old generation ends") { try server.generations(of: "mover") == [2] }
    }

    /// A new value of `on_reload` alone causes no swap. It applies to the next swap.
    @Test func aChangedPolicyAppliesToTheNextSwap() throws {
        let server = try RunningServer.mover(Mover("1"), "on_reload = \"pin\"")
        let peer = try server.mover()
        #expect(try server.swap(to: Mover("2")).counts == [0, 0, 1])
        try server.folder.listen("mover", plugin: "mover.so", "on_reload = \"migrate\"")
        #expect(try server.reloaded("mover").outcome == .unchanged)
        #expect(try peer.ask("version") == "1")
        #expect(try server.swap(to: Mover("3")).counts == [1, 0, 0])
        #expect(try peer.ask("version") == "3")
    }

    @Test func aSessionWaitingToMoveIsPinnedWhenThePolicyChanges() throws {
        let server = try RunningServer.mover(Mover("1"))
        let peer = try server.mover()
        #expect(try peer.ask("busy") == "busy")
        #expect(try server.swap(to: Mover("2")).counts == [0, 1, 0])
        try server.folder.listen("mover", plugin: "mover.so", "on_reload = \"pin\"")
        #expect(try server.swap(to: Mover("3")).counts == [0, 0, 1])
        #expect(try peer.ask("ready") == "ready")
        #expect(try peer.ask("version") == "1")
    }

    @Test func drainedSessionsAreToldToFinish() throws {
        let server = try RunningServer.mover(Mover("1"), "on_reload = \"drain\"")
        let peer = try server.mover()
        #expect(try server.swap(to: Mover("2")).counts == [0, 0, 1])
        #expect(try peer.receiveLine() == "goodbye")
        #expect(try peer.waitForEnd() == .closed)
        try waitUntil("the old generation ends") { try server.generations(of: "mover") == [2] }
    }

    @Test func theDrainTimeoutCutsRemainingConnections() throws {
        let server = try RunningServer.mover(Mover("1"), "on_reload = \"drain\"\ndrain_timeout = \"3s\"")
        let (staying, leaving) = (try server.mover(), try server.mover())
        #expect(try staying.ask("stay") == "staying")
        try server.swap(to: Mover("2"))
        #expect(try staying.receiveLine() == "goodbye")
        #expect(try server.generation(1, of: "mover")?.reason == "is draining")
        #expect(try staying.ask("version") == "1")
        #expect(try leaving.receiveLine() == "goodbye")
        #expect(try leaving.waitForEnd() == .closed)
        #expect(try staying.waitForEnd() == .reset)
        try waitUntil("the old generation ends") { try server.generations(of: "mover") == [2] }
        try server.waitForLog("drain timeout: connections of an old generation were cut")
    }

    @Test func tooManyGenerationsDrainTheOldest() throws {
        let server = try RunningServer.mover(Mover("1"), "on_reload = \"pin\"\nmax_generations = 3")
        var peers = [try server.mover()]
        for version in 2...3 {
            try server.swap(to: Mover("\(version)"))
            peers.append(try server.mover())
        }
        #expect(try server.generations(of: "mover") == [1, 2, 3])
        try server.swap(to: Mover("4"))
        #expect(try peers[0].receiveLine() == "goodbye")
        #expect(try peers[0].waitForEnd() == .closed)
        #expect(try peers[1].ask("version") == "2")
        #expect(try peers[2].ask("version") == "3")
        try waitUntil("the oldest ends") { try server.generations(of: "mover") == [2, 3, 4] }
        try server.waitForLog("too many generations: draining the oldest")
    }

    /// A generation whose last session has ended does not count towards `max_generations`.
    @Test func anEmptyGenerationDoesNotDrainTheOldest() throws {
        let server = try RunningServer.mover(Mover("1"), "on_reload = \"pin\"\nmax_generations = 2")
        let peer = try server.mover()
        for version in 2...12 { try server.swap(to: Mover("\(version)")) }
        #expect(try peer.ask("version") == "1")
        #expect(!server.log.contains("too many generations"))
    }
}
