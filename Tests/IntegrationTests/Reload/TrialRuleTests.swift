import Glibc
import Server
import Testing

/// When the candidate of a trial takes over, and what an abort leaves behind.
@Suite struct TrialRuleTests {
    @Test func aTrialWithoutTrafficDoesNotTakeOver() throws {
        let server = try RunningServer.mover(Mover("1"), "[rollout]\npercent = 50\nhold = \"100ms\"")
        #expect(try server.swap(to: Mover("2")).outcome == .trial)
        let sentence = "the trial continues after its hold"
        try waitUntil("the log reports that the trial continues") { server.log.contains(sentence) }
        #expect(try server.generation(2, of: "mover")?.state == .trial)
        // The candidate gets every second connection of each event loop.
        let peers = try (0..<8).map { _ in try server.mover() }
        try waitUntil("the candidate takes over") { try server.generation(2, of: "mover")?.state == .running }
        for peer in peers { #expect(try peer.ask("version") == "2") }
        try server.waitForLog(sentence)
        #expect(server.log.split(separator: sentence, omittingEmptySubsequences: false).count == 2, "logged once")
    }

    /// Otherwise the content that all listeners run would be refused at the next start.
    @Test func contentThatHasRunBeforeIsNotQuarantined() throws {
        let server = try RunningServer.mover(Mover("1"))
        let rollout = "[rollout]\npercent = 50\nhold = \"10m\"\n[rollout.abort_on]\nslow_callbacks = 1\n"
        // With the new options, every callback of this version counts as slow.
        let slow = Mover("1", ["SLOW": "5"])
        try server.swap(to: slow)
        try server.folder.listen(
            "mover", plugin: "mover.so",
            rollout.replacing("hold", with: "slow_callback = \"1ms\"\nhold") + "[limits]\nidle_timeout = \"74s\"")
        #expect(try server.reloaded("mover").outcome == .trial)
        let hash = try server.row("mover").hash
        try waitUntil("the trial is aborted") {
            let peer = try server.connect(to: "mover")
            try peer.send("x\n")
            _ = peer.hasInput(within: 1_000)
            return try server.status().lastReload?.entry(of: "mover").outcome == .aborted
        }
        let entry = try #require(try server.status().lastReload).entry(of: "mover")
        #expect(entry.detail.contains("this content has run before"), "\(entry.detail)")
        let again = try server.reloaded("mover")
        #expect(again.outcome == .unchanged)
        #expect(
            again.detail.contains("its current configuration is held back until its file changes"), "\(again.detail)")
        // The old options are not held back.
        try server.folder.listen("mover", plugin: "mover.so", rollout)
        #expect(try server.reloaded("mover").outcome == .unchanged)
        #expect(try server.row("mover").hash == hash)
        #expect(try server.mover().ask("x") == "x")
    }

    @Test func aQuarantinedPluginRefusesOnlyItsListener() throws {
        let folder = try ServerFolder()
        try folder.serve(Mover("1"), "[rollout]\npercent = 50\nhold = \"10m\"")
        try folder.installShout()
        let server = try RunningServer(folder)
        try server.abortTrial(of: Mover("2", ["FAULTS": "1"]))
        try folder.installShout(version: "2.0.0")
        try folder.installEcho()
        let receipt = try server.reload()
        #expect(receipt.result == .partial)
        #expect(receipt.outcomes == ["echo started", "shout swapped", "mover refused"])
        #expect(try receipt.entry(of: "mover").detail.contains("failed its trial"))
        #expect(try server.mover().ask("version") == "1")
        #expect(try folder.martlet("reload").status == 1)
    }
}

extension RunningServer {
    /// Installs a version whose trial fails, and waits until the trial is aborted.
    func abortTrial(of bad: Mover) throws {
        let entry = try swap(to: bad)
        guard entry.outcome == .trial else { throw Failure("start a trial: found \(entry)") }
        try waitUntil("the trial is aborted") {
            let peer = try connect(to: "mover")
            try peer.send("x\n")
            _ = peer.hasInput(within: 1_000)
            return try status().lastReload?.entries.contains { $0.outcome == .aborted } == true
        }
        try waitUntil("the candidate is gone") { try generations(of: "mover").count == 1 }
    }
}
