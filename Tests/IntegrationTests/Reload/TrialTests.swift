import Glibc
import Server
import Testing

/// A new generation on trial gets a share of the new connections. Then it either takes over or is aborted and quarantined.
@Suite struct TrialTests {
    private static let long = "[rollout]\nhold = \"10m\"\n"

    @Test(arguments: [1, 10, 25, 50, 99])
    func theCandidateGetsItsShareOfNewConnections(percent: Int) throws {
        let server = try RunningServer.mover(Mover("1"), Self.long + "percent = \(percent)")
        let old = try server.mover()
        let entry = try server.swap(to: Mover("2"))
        #expect(entry.outcome == .trial)
        #expect(entry.detail.contains("generation 2 gets \(percent) % of new connections for"))
        let peers = try (0..<200).map { _ in try server.mover() }
        let share = try peers.filter { try $0.ask("version") == "2" }.count
        #expect(abs(share - percent * 2) <= 2, "\(share) of 200")
        #expect(try old.ask("version") == "1", "open sessions are not part of a trial")
        #expect(try server.row("mover").state == .trial || server.rows().contains { $0.state == .trial })
        let trial = try #require(try server.generation(2, of: "mover"))
        #expect(trial.state == .trial)
        #expect(trial.reason == "gets \(percent) % of new connections on trial")
        #expect(trial.connections == share)
        #expect(try server.generation(1, of: "mover")?.state == .running)
    }

    @Test func aSuccessfulTrialTakesOverAllSessions() throws {
        let server = try RunningServer.mover(Mover("1"), "[rollout]\npercent = 50\nhold = \"1s\"")
        let peers = try (0..<10).map { _ in try server.mover() }
        #expect(try server.swap(to: Mover("2")).outcome == .trial)
        let tried = try (0..<8).map { _ in try server.mover() }
        try waitUntil("the trial is over") { try server.generations(of: "mover") == [2] }
        for peer in peers { #expect(try peer.ask("version") == "2") }
        try server.waitForLog("trial of mover passed")
        let receipt = try #require(try server.status().lastReload)
        let entry = try receipt.entry(of: "mover")
        #expect(entry.outcome == .swapped)
        #expect(
            entry.counts[0] > 10 && entry.counts[1...] == [0, 0], "later connections of the old generation move too")
        withExtendedLifetime(tried) {}
        #expect(entry.detail.contains("the trial of generation 2 passed"))
        #expect(try server.rollback("mover").entry(of: "mover").outcome == .rolledBack)
        #expect(try peers[0].ask("version") == "1")
    }

    /// Reloads during a trial, of this listener's policy or of other listeners, neither end the trial nor restart it.
    @Test func reloadsDuringATrialDoNotProlongIt() throws {
        let server = try RunningServer.mover(
            Mover("1"), "[rollout]\npercent = 50\nhold = \"1s\"\nmin_connections = 0")
        #expect(try server.swap(to: Mover("2")).outcome == .trial)
        try waitUntil("the trial is over, whatever is reloaded", within: .seconds(5)) {
            #expect(try !server.reload().isRefused)
            return try server.generation(2, of: "mover")?.state == .running
        }
    }

    @Test func aChangedShareAppliesToTheRunningTrial() throws {
        let server = try RunningServer.mover(Mover("1"), Self.long + "percent = 1")
        #expect(try server.swap(to: Mover("2")).outcome == .trial)
        try server.folder.listen("mover", plugin: "mover.so", Self.long + "percent = 99")
        #expect(try server.reloaded("mover").outcome == .unchanged)
        let fresh = try (0..<20).map { _ in try server.mover().ask("version") }
        #expect(fresh.filter { $0 == "2" }.count >= 17, "\(fresh)")
    }

    @Test(arguments: [
        (Mover("2", ["FAILS": "1"]), "error_rate = 0.5", "requests failed"),
        (Mover("2", ["SLOW": "60"]), "slow_callbacks = 3", "slow callbacks"),
        (Mover("2", ["FAULTS": "1"]), "faults = 1", "faults"),
    ])
    func aFailedTrialIsAborted(bad: Mover, rule: String, reason: String) throws {
        let server = try RunningServer.mover(
            Mover("1"), Self.long + "percent = 50\nslow_callback = \"20ms\"\n[rollout.abort_on]\n" + rule)
        let old = try server.mover()
        #expect(try server.swap(to: bad).outcome == .trial)
        try waitUntil("the trial is aborted") {
            let peers = try (0..<4).map { _ in try server.connect(to: "mover") }
            for peer in peers {
                try peer.send("a\nb\nc\nd\n")
                _ = peer.hasInput(within: 1_000)
            }
            return try server.status().lastReload?.entry(of: "mover").outcome == .aborted
        }
        let entry = try #require(try server.status().lastReload).entry(of: "mover")
        #expect(entry.detail.contains(reason), "\(entry.detail)")
        try server.waitForLog("trial of mover aborted: ")
        let said = server.log
        #expect(said.contains("aborted: the trial of"))
        #expect(!said.contains("refused, nothing has changed"), "\(said)")
        #expect(try server.folder.martlet("status").output.contains("the last: trial of mover aborted: "))
        #expect(try old.ask("version") == "1")
        #expect(try server.mover().ask("version") == "1")
        try waitUntil("the candidate is gone") { try server.generations(of: "mover") == [1] }
    }

    @Test func sessionsOfAnAbortedTrialMoveBack() throws {
        let server = try RunningServer.mover(Mover("1"), Self.long + "percent = 50")
        try server.swap(to: Mover("2", ["FAILS": "1"]))
        let peers = try (0..<10).map { _ in try server.mover() }
        for _ in 0..<30 {
            for peer in peers { #expect(try peer.ask("x") == "x") }
        }
        try waitUntil("the trial is aborted") {
            try server.status().lastReload?.entry(of: "mover").outcome == .aborted
        }
        let moves = try #require(try server.status().lastReload).entry(of: "mover").counts
        #expect(abs(moves[0] - 5) <= 1 && moves[1] == 0 && moves[2] == 0, "\(moves)")
        for peer in peers { #expect(try peer.ask("version") == "1") }
    }

    @Test func theContentOfAnAbortedTrialIsQuarantinedUntilForgiven() throws {
        let server = try RunningServer.mover(Mover("1"), Self.long + "percent = 50")
        let bad = Mover("2", ["FAULTS": "1"])
        try abort(bad, on: server)
        let receipt = try server.reload()
        #expect(receipt.result == .partial, "expected only one refused listener")
        let detail = try receipt.entry(of: "mover").detail
        #expect(detail.contains("failed its trial ("))
        #expect(detail.contains("faults); put another version there, or: martlet plugins forgive"))
        #expect(detail.contains("mover.toml:1:"), "the line that names the plugin: \(detail)")
        #expect(try server.mover().ask("version") == "1")
        // The same content under another name is refused too.
        try server.folder.install(bad.library(), as: "other.so")
        try server.folder.listen("mover", plugin: "other.so", Self.long + "percent = 50")
        #expect(try server.reload().isRefused)

        let hash = try #require(detail.split(separator: " ").last.map { $0.filter(\.isHexDigit) })
        #expect(hash.count == 12)
        #expect(try server.folder.martlet("plugins", "forgive", "abc").status == 1)
        let forgiven = try server.folder.martlet("plugins", "forgive", hash)
        #expect(forgiven.status == 0)
        #expect(forgiven.output.hasPrefix("forgiven: \(hash)"))
        #expect(try server.folder.martlet("plugins", "forgive", hash).status == 1)
        #expect(try server.reloaded("mover").outcome == .trial)
    }

    @Test func otherContentIsAcceptedAfterAnAbort() throws {
        let server = try RunningServer.mover(Mover("1"), Self.long + "percent = 50")
        try abort(Mover("2", ["FAULTS": "1"]), on: server)
        #expect(try server.swap(to: Mover("3")).outcome == .trial)
        let fresh = try Set((0..<8).map { _ in try server.mover().ask("version") })
        #expect(fresh == ["1", "3"])
    }

    /// A third version ends the trial of the second, whose sessions move back to the first.
    @Test func anotherVersionReplacesTheCandidate() throws {
        let server = try RunningServer.mover(Mover("1"), Self.long + "percent = 50")
        try server.swap(to: Mover("2"))
        let peers = try (0..<10).map { _ in try server.mover() }
        #expect(try peers.contains { try $0.ask("version") == "2" })
        #expect(try server.swap(to: Mover("3")).outcome == .trial)
        for peer in peers { #expect(try peer.ask("version") == "1") }
        try waitUntil("the second version is gone") { try server.generations(of: "mover") == [1, 3] }
        let fresh = try Set((0..<8).map { _ in try server.mover().ask("version") })
        #expect(fresh == ["1", "3"])
    }

    private func abort(_ bad: Mover, on server: RunningServer) throws {
        #expect(try server.swap(to: bad).outcome == .trial)
        try waitUntil("the trial is aborted") {
            let peer = try server.connect(to: "mover")
            try peer.send("x\n")
            _ = peer.hasInput(within: 1_000)
            return try server.status().lastReload?.entry(of: "mover").outcome == .aborted
        }
        try waitUntil("the candidate is gone") { try server.generations(of: "mover").count == 1 }
    }
}
