import Glibc
import Server
import Testing

/// When a trial takes over, and what an abort leaves behind.
@Suite struct TrialRuleTests {
    @Test func aTrialWithoutTrafficDoesNotTakeOver() throws {
        let server = try RunningServer.mover(Mover("1"), "[rollout]\npercent = 50\nhold = \"100ms\"")
        #expect(try server.swap(to: Mover("2")).outcome == .trial)
        let sentence = "the trial continues after its hold"
        try waitUntil("the log says that the trial waits") { server.log.contains(sentence) }
        #expect(try server.generation(2, of: "mover")?.state == .trial)
        // Every second connection of an event loop is the candidate's.
        let peers = try (0..<8).map { _ in try server.mover() }
        try waitUntil("it takes over") { try server.generation(2, of: "mover")?.state == .running }
        for peer in peers { #expect(try peer.ask("version") == "2") }
        #expect(server.log.split(separator: sentence, omittingEmptySubsequences: false).count == 2, "it is said once")
    }

    /// Otherwise the content that all listeners run would be refused at the next start.
    @Test func contentThatHasRunBeforeIsNotQuarantined() throws {
        let server = try RunningServer.mover(Mover("1"))
        let rollout = "[rollout]\npercent = 50\nhold = \"10m\"\n[rollout.abort_on]\nslow_callbacks = 1\n"
        // Every callback of this version is slow by the new options' measure.
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
        // The old options are as good as ever.
        try server.folder.listen("mover", plugin: "mover.so", rollout)
        #expect(try server.reloaded("mover").outcome == .unchanged)
        #expect(try server.row("mover").hash == hash)
        #expect(try server.mover().ask("x") == "x")
    }

    @Test func aQuarantinedPluginRefusesItsOwnListenerAlone() throws {
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
    /// Puts a version there whose trial fails, and lets it fail.
    func abortTrial(of bad: Mover) throws {
        let entry = try swap(to: bad)
        guard entry.outcome == .trial else { throw Failure("no trial has begun: \(entry)") }
        try waitUntil("the trial is aborted") {
            let peer = try connect(to: "mover")
            try peer.send("x\n")
            _ = peer.hasInput(within: 1_000)
            return try status().lastReload?.entries.contains { $0.outcome == .aborted } == true
        }
        try waitUntil("the candidate is gone") { try generations(of: "mover").count == 1 }
    }
}
