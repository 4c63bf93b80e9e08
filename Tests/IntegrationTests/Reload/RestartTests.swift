import Glibc
import Server
import Testing

/// A server's records of bad content survive a crash, so that after a restart the bad content does not get all traffic.
@Suite struct RestartTests {
    private static let trial = "[rollout]\npercent = 50\nhold = \"10m\"\n"

    /// Version 1 runs because 2 was rolled back.
    private func rolledBack(_ more: String = "") throws -> RunningServer {
        let server = try RunningServer.mover(Mover("1"), more)
        try server.swap(to: Mover("2"))
        try server.rollback("mover")
        return server
    }

    @Test func aRollbackSurvivesACrash() throws {
        var server = try rolledBack()
        for _ in 0..<2 {
            server = try server.restarted()
            #expect(try server.mover().ask("version") == "1")
            let entry = try #require(try server.status().reloads.first).entry(of: "mover")
            #expect(entry.outcome == .started)
            #expect(entry.detail.contains("rolled back: "), "\(entry.detail)")
            #expect(entry.detail.contains("is held back until its file changes"))
            try server.waitForLog(entry.detail)
            try server.waitForLog("the listener starts with what ran before")
            // The same as before the crash.
            #expect(try server.reloaded("mover").outcome == .unchanged)
            #expect(try server.mover().ask("version") == "1")
        }
        #expect(try server.swap(to: Mover("3")).outcome == .swapped)
        try server.expectVersionAfterCrash("3")
    }

    @Test func optionsAreRestoredAndAddressesStayCurrent() throws {
        let host = OwnHost()
        let folder = try ServerFolder()
        try folder.installShout("[options]\nprefix = \"old \"")
        let server = try RunningServer(folder)
        try folder.listen("shout", plugin: "shout.so", on: [host.address(0)], "[options]\nprefix = \"new \"")
        try server.reload()
        try server.rollback("shout")
        let next = try server.restarted()
        #expect(try next.connect(to: "shout").ask("x") == "old X")
        #expect(host.listens(on: 0))
        #expect(try next.reloaded("shout").outcome == .unchanged)
    }

    @Test func anAbortedTrialSurvivesACrash() throws {
        let server = try RunningServer.mover(Mover("1"), Self.trial)
        try server.abortTrial(of: Mover("2", ["FAULTS": "1"]))
        let next = try server.restarted()
        #expect(try next.mover().ask("version") == "1")
        let entry = try #require(try next.status().reloads.first).entry(of: "mover")
        #expect(entry.detail.contains("its trial was aborted ("), "\(entry.detail)")
        let receipt = try next.reload()
        #expect(try receipt.entry(of: "mover").detail.contains("failed its trial"), "\(receipt)")
        // A change of the listener's file does not lift the quarantine of the plugin.
        try next.folder.listen("mover", plugin: "mover.so", Self.trial + "[limits]\nidle_timeout = \"1h\"")
        try next.expectVersionAfterCrash("1")
    }

    @Test func newContentServesAfterTheCrash() throws {
        let server = try RunningServer.mover(Mover("1"), Self.trial)
        try server.abortTrial(of: Mover("2", ["FAULTS": "1"]))
        try server.folder.install(Mover("3"))
        let next = try server.restarted()
        #expect(try next.mover().ask("version") == "3")
        #expect(try Files.text(server.folder.state + "/state.json").contains("faults"), "the quarantine stays")
        try next.folder.install(Mover("2", ["FAULTS": "1"]))
        #expect(try next.reloaded("mover").outcome == .refused)
    }

    @Test func aChangedFileEndsTheHold() throws {
        let server = try rolledBack()
        try server.folder.listen("mover", plugin: "mover.so", "[limits]\nidle_timeout = \"1h\"")
        let next = try server.restarted()
        #expect(try next.mover().ask("version") == "2")
        #expect(try !Files.text(server.folder.state + "/state.json").contains("rolled back"))
    }

    /// Neither counts as a change of the listener's file.
    @Test func commentsAndDefaultsDoNotEndTheHold() throws {
        let server = try rolledBack()
        try server.folder.configure("[defaults.limits]\nidle_timeout = \"61s\"")
        #expect(try server.reloaded("mover").outcome == .unchanged)
        try server.folder.listen("mover", plugin: "mover.so", "# the same")
        let next = try server.restarted()
        #expect(try next.mover().ask("version") == "1")
        #expect(try next.reloaded("mover").outcome == .unchanged)
    }

    /// If a server ends during a trial, the most likely reason is that the candidate crashed it.
    @Test func aCandidateIsHeldBackAfterACrash() throws {
        let server = try RunningServer.mover(Mover("1"), Self.trial)
        #expect(try server.swap(to: Mover("2")).outcome == .trial)
        let next = try server.restarted()
        #expect(try next.mover().ask("version") == "1")
        let detail = try #require(try next.status().reloads.first).entry(of: "mover").detail
        #expect(detail.contains("the server ended during its trial"), "\(detail)")
        let hash = try next.hashOnDisk("mover.so")
        #expect(try next.folder.martlet("plugins", "forgive", hash).status == 0)
        #expect(try next.reloaded("mover").outcome == .trial, "expected no quarantine without evidence")
    }

    /// The realistic case: the candidate passes all checks and crashes the host with its first connections.
    @Test func aCandidateThatCrashesTheHostDoesNotComeBack() throws {
        let trial = "exercise = false\n[rollout]\npercent = 99\nhold = \"10m\"\n"
        let server = try RunningServer.mover(Mover("1"), trial)
        try server.folder.install(Fixture.library("crashes-on-a-byte"), as: "mover.so")
        #expect(try server.reloaded("mover").outcome == .trial)
        let host = try server.host
        server.mayCrash = true
        for _ in 0..<8 {
            let peer = try server.connect(to: "mover")
            try? peer.send([0x80])
            _ = peer.hasInput(within: 100)
            if (try? server.host) != host { break }
        }
        try server.waitForHost(after: host)
        #expect(try server.mover().ask("version") == "1")
        let receipt = try #require(try server.status().reloads.last)
        #expect(receipt.cause == .trial && receipt.abortReason == "SIGSEGV in received", "\(receipt)")
        #expect(try server.reloaded("mover").outcome == .refused, "it is in quarantine")
        let next = try server.restarted()
        #expect(try next.mover().ask("version") == "1")
        #expect(try next.reloaded("mover").outcome == .refused)
    }

    /// A rollback after an aborted trial: the folder holds a third version, neither the one rolled back nor the one restored.
    @Test func aRollbackAfterAnAbortedTrialSurvivesToo() throws {
        let server = try RunningServer.mover(Mover("1"))
        try server.swap(to: Mover("2"))
        try server.folder.listen("mover", plugin: "mover.so", Self.trial)
        try server.reload()
        try server.abortTrial(of: Mover("3", ["FAULTS": "1"]))
        try server.rollback("mover")
        #expect(try server.mover().ask("version") == "1")
        try server.expectVersionAfterCrash("1")
    }

    @Test func theNextReloadLoadsForgivenContent() throws {
        let server = try rolledBack()
        let next = try server.restarted()
        let hash = try next.hashOnDisk("mover.so")
        let result = try next.folder.martlet("plugins", "forgive", String(hash.prefix(12)))
        #expect(result.output == "forgiven: \(hash)\n")
        #expect(try next.mover().ask("version") == "1", "expected no change until the reload")
        #expect(try next.reloaded("mover").outcome == .swapped)
        try next.expectVersionAfterCrash("2")
    }

    @Test func forgivingWorksWithoutAServer() throws {
        let server = try RunningServer.mover(Mover("1"), Self.trial)
        try server.abortTrial(of: Mover("2", ["FAULTS": "1"]))
        let hash = try server.hashOnDisk("mover.so")
        server.crash()
        let folder = server.folder
        let none = try folder.martlet("plugins", "forgive", "0123456789")
        #expect(none.status == 1 && none.errors.contains("no hash in quarantine or held back begins with"))
        let result = try folder.martlet("plugins", "forgive", String(hash.prefix(12)))
        #expect(result.status == 0 && result.output == "forgiven: \(hash)\n", "\(result)")
        let next = try RunningServer(folder)
        #expect(try next.mover().ask("version") == "2")
    }
}

extension RunningServer {
    /// Kills the server with SIGKILL.
    func crash() {
        signal(SIGKILL)
        _ = try? process.wait()
    }

    /// Kills the server and starts another one on the same folder.
    func restarted() throws -> RunningServer {
        crash()
        return try RunningServer(folder)
    }

    /// Restarts the server after a crash and checks which version the mover runs.
    func expectVersionAfterCrash(_ version: String) throws {
        let next = try restarted()
        #expect(try next.mover().ask("version") == version)
        withExtendedLifetime(next) {}
    }

    /// The SHA-256 of a plugin in the folder.
    func hashOnDisk(_ name: String) throws -> String {
        let result = try Subprocess.run("sha256sum", [folder.file(name)])
        return String(result.output.prefix(64))
    }
}
