import Glibc
import Server
import Testing

/// `martlet rollback`: the previous generation is back at once, and open sessions move to it.
@Suite struct RollbackTests {
    @Test func sessionsAndNewConnectionsGetTheOldVersion() throws {
        let server = try RunningServer.mover(Mover("1"))
        try server.swap(to: Mover("2"))
        let peer = try server.mover()
        #expect(try peer.ask("version") == "2")
        let receipt = try server.rollback("mover")
        #expect(receipt.result == .done)
        let entry = try receipt.entry(of: "mover")
        #expect(entry.outcome == .rolledBack)
        #expect(entry.counts == [1, 0, 0])
        #expect(entry.detail.hasPrefix("mover 1 (") && entry.detail.contains("generation 3: migrated 1, pinned 0"))
        #expect(try peer.ask("version") == "1")
        #expect(try server.mover().ask("version") == "1")
        try waitUntil("one generation is left") { try server.generations(of: "mover") == [3] }
    }

    @Test func worksWithoutTheOldFile() throws {
        let server = try RunningServer.mover(Mover("1"))
        try server.swap(to: Mover("2"))
        try server.folder.remove("mover.so")
        #expect(try server.rollback("mover").entry(of: "mover").outcome == .rolledBack)
        #expect(try server.mover().ask("version") == "1")
        #expect(try server.reload().isRefused, "expected a refusal: the folder names a missing file")
        #expect(try server.mover().ask("version") == "1")
    }

    @Test func optionsAreRestoredWithTheCode() throws {
        let folder = try ServerFolder()
        try folder.installShout("[options]\nprefix = \"old \"")
        let server = try RunningServer(folder)
        try folder.listen("shout", plugin: "shout.so", "[options]\nprefix = \"new \"")
        try server.reload()
        #expect(try server.connect(to: "shout").ask("x") == "new X")
        try server.rollback("shout")
        #expect(try server.connect(to: "shout").ask("x") == "old X")
    }

    @Test(arguments: [false, true])
    func limitsOfTheListenerAreRestored(isTrial: Bool) throws {
        let server = try RunningServer.mover(Mover("1"), "[limits]\nconnections = 3")
        let rollout = isTrial ? "[rollout]\npercent = 1\nhold = \"10m\"\n" : ""
        try server.folder.listen("mover", plugin: "mover.so", rollout + "[limits]\nconnections = 1")
        #expect(try server.reloaded("mover").outcome == (isTrial ? .trial : .swapped))
        try server.rollback("mover")
        let peers = try (0..<3).map { _ in try server.mover() }
        withExtendedLifetime(peers) {}
    }

    @Test func currentAddressesStay() throws {
        let host = OwnHost()
        let folder = try ServerFolder()
        try folder.serve(Mover("1"), on: [host.address(0)])
        let server = try RunningServer(folder)
        try folder.install(Mover("2"))
        try folder.listen("mover", plugin: "mover.so", on: [host.address(1)])
        #expect(try server.reloaded("mover").outcome == .swapped)
        try server.rollback("mover")
        #expect(!host.listens(on: 0) && host.listens(on: 1))
        #expect(try server.mover().ask("version") == "1")
    }

    @Test func rolledBackContentIsHeldBackUntilItsFileChanges() throws {
        let server = try RunningServer.mover(Mover("1"))
        try server.swap(to: Mover("2"))
        try server.rollback("mover")
        for _ in 0..<2 {
            let entry = try server.reloaded("mover")
            #expect(entry.outcome == .unchanged)
            #expect(entry.detail.contains("is held back until its file changes"))
            #expect(try server.mover().ask("version") == "1")
        }
        #expect(try server.swap(to: Mover("3")).outcome == .swapped)
        #expect(try server.mover().ask("version") == "3")
        // Only that content of the file was held back, and only until the file changed.
        #expect(try server.swap(to: Mover("2")).outcome == .swapped)
        #expect(try server.mover().ask("version") == "2")
    }

    /// Restoring the old file counts as a change of the file.
    @Test func restoringTheOldFileEndsTheHold() throws {
        let server = try RunningServer.mover(Mover("1"))
        try server.swap(to: Mover("2"))
        try server.rollback("mover")
        let entry = try server.swap(to: Mover("1"))
        #expect(entry.outcome == .unchanged)
        #expect(!entry.detail.contains("held back"), "\(entry.detail)")
        #expect(try server.swap(to: Mover("2")).outcome == .swapped)
        #expect(try server.mover().ask("version") == "2")
    }

    @Test func aReloadOfOtherListenersKeepsTheHold() throws {
        let server = try RunningServer.mover(Mover("1"))
        try server.swap(to: Mover("2"))
        try server.rollback("mover")
        try server.folder.installEcho()
        #expect(try server.reload().outcomes == ["echo started", "mover unchanged"])
        #expect(try server.mover().ask("version") == "1")
    }

    @Test func repeatedRollbacksAlternate() throws {
        let server = try RunningServer.mover(Mover("1"))
        try server.swap(to: Mover("2"))
        let peer = try server.mover()
        for version in ["1", "2", "1", "2"] {
            #expect(try server.rollback("mover").entry(of: "mover").counts == [1, 0, 0])
            #expect(try peer.ask("version") == version)
        }
        #expect(try peer.ask("history").contains("moves 4"))
        // The folder holds version 2, which is running.
        #expect(try server.reloaded("mover").outcome == .unchanged)
        #expect(try peer.ask("version") == "2")
    }

    @Test func withoutAPreviousGenerationItIsRefused() throws {
        let server = try RunningServer.mover(Mover("1"))
        let receipt = try server.rollback("mover")
        #expect(receipt.result == .refused)
        #expect(try receipt.entry(of: "mover").detail == "has no previous generation")
        #expect(try server.mover().ask("version") == "1")
    }

    @Test func anUnknownListenerIsRefusedWithTheNearestName() throws {
        let server = try RunningServer.mover(Mover("1"))
        let entry = try server.rollback("muver").entry(of: "muver")
        #expect(entry.outcome == .refused)
        #expect(entry.detail == "no such listener; did you mean mover?")
        let result = try server.folder.martlet("rollback", "muver")
        #expect(result.status == 1)
        #expect(result.output.contains("did you mean mover?"))
    }

    @Test func aRollbackDuringATrialEndsIt() throws {
        let server = try RunningServer.mover(Mover("1"), "[rollout]\npercent = 50\nhold = \"10m\"")
        let old = try server.mover()
        #expect(try server.swap(to: Mover("2")).outcome == .trial)
        var peers: [Peer] = []
        for _ in 0..<8 { peers.append(try server.mover()) }
        let tried = try peers.filter { try $0.ask("version") == "2" }.count
        #expect(tried >= 3)
        let entry = try server.rollback("mover").entry(of: "mover")
        #expect(entry.outcome == .rolledBack)
        #expect(entry.detail == "the trial of the new generation is stopped")
        #expect(entry.counts == [tried, 0, 0])
        for peer in peers + [old] { #expect(try peer.ask("version") == "1") }
        #expect(try server.reloaded("mover").outcome == .unchanged, "it is held back")
        #expect(try server.mover().ask("version") == "1")
        #expect(try server.swap(to: Mover("3")).outcome == .trial)
    }
}
