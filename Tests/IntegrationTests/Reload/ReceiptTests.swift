import Glibc
import Server
import Testing

/// The command line, the status and the log report every outcome.
@Suite struct ReceiptTests {
    @Test func oneReloadReportsEveryChange() throws {
        let host = OwnHost()
        let folder = try ServerFolder()
        try folder.serve(Mover("1"))
        for name in ["kept", "moving", "stopping"] { try folder.installShout(as: name) }
        let server = try RunningServer(folder)
        let peers = try [server.mover(), server.mover()]
        let (busy, pinned) = (peers[0], try server.connect(to: "stopping"))
        #expect(try busy.ask("busy") == "busy")
        #expect(try pinned.ask("x") == "X")

        try folder.install(Mover("2"))
        try folder.listen("moving", plugin: "moving.so", on: [host.address(0)])
        try folder.remove("stopping.toml")
        try folder.installShout(as: "starting")
        let result = try folder.martlet("reload", "--json")
        #expect(result.status == 0)
        let receipt = try decodeJSON(Receipt.self, from: result.output)
        #expect(receipt.result == .done)
        #expect(receipt.sequence == 2)
        #expect(receipt.milliseconds > 0)
        #expect(
            receipt.outcomes
                == ["kept unchanged", "mover swapped", "moving moved", "starting started", "stopping stopped"])
        #expect(try receipt.entry(of: "mover").counts == [1, 1, 0])
        #expect(try receipt.entry(of: "stopping").detail.hasSuffix("1 connections continue until they close"))
        for name in ["kept", "moving", "starting"] {
            let entry = try receipt.entry(of: name)
            #expect(entry.detail.hasPrefix("shout 1.0.0 (") && entry.moves == nil)
        }
        try expectReported(receipt, server)
    }

    @Test func aRefusalNamesFileLineAndReason() throws {
        let server = try RunningServer.mover(Mover("1"))
        try Files.replace(
            server.folder.file("mover.toml"), with: Array("plugin = \"mover.so\"\n\nlisten = \"nowhere\"\n".utf8))
        let result = try server.folder.martlet("reload", "--json")
        #expect(result.status == 1)
        let receipt = try decodeJSON(Receipt.self, from: result.output)
        #expect(receipt.result == .refused)
        #expect(receipt.outcomes == ["mover refused"])
        #expect(receipt.entries[0].detail.contains("mover.toml:3:"))
        try expectReported(receipt, server)
        let text = try server.folder.martlet("reload")
        #expect(text.status == 1)
        #expect(text.output.contains("refused after") && text.output.contains("nothing has changed"))
    }

    @Test func aTrialHasAReceiptAtItsStartAndItsEnd() throws {
        let server = try RunningServer.mover(
            Mover("1"), "[rollout]\npercent = 50\nhold = \"500ms\"\nmin_connections = 0")
        try server.folder.install(Mover("2"))
        let result = try server.folder.martlet("reload", "--json")
        #expect(result.status == 0)
        let receipt = try decodeJSON(Receipt.self, from: result.output)
        #expect(receipt.outcomes == ["mover trial"])
        try waitUntil("the trial is over") { try server.status().lastReload?.outcomes == ["mover swapped"] }
        let reloads = try server.status().reloads
        #expect(reloads.map(\.sequence) == [1, 2, 3])
        #expect(reloads.map(\.outcomes) == [["mover started"], ["mover trial"], ["mover swapped"]])
    }

    @Test func aRollbackHasAReceiptToo() throws {
        let server = try RunningServer.mover(Mover("1"))
        try server.swap(to: Mover("2"))
        let peer = try server.mover()
        let result = try server.folder.martlet("rollback", "mover", "--json")
        #expect(result.status == 0)
        let receipt = try decodeJSON(Receipt.self, from: result.output)
        #expect(receipt.outcomes == ["mover rolledBack"])
        #expect(receipt.entries[0].counts == [1, 0, 0])
        #expect(try peer.ask("version") == "1")
        #expect(receipt.summary == "rollback of mover done")
        try expectReported(receipt, server)
    }

    @Test func settingsThatNeedARestartAreReportedEverywhere() throws {
        let server = try RunningServer.mover(Mover("1"))
        try server.folder.configure("loops = 1\nworker_queue = 2\nmax_connections = 9")
        let receipt = try decodeJSON(Receipt.self, from: server.folder.martlet("reload", "--json").output)
        #expect(receipt.needsRestart == ["loops", "worker_queue"])
        try expectReported(receipt, server)
        try server.waitForLog("needs a restart to take effect: loops, worker_queue")
        #expect(try server.status().connectionLimit == 9)
        // They are named as long as they differ from the running settings.
        #expect(try server.folder.martlet("reload").output.contains("martlet.toml: loops: needs a restart"))
        try server.folder.configure("worker_queue = 2")
        #expect(try server.reload().needsRestart == ["worker_queue"])
        try server.folder.configure("")
        #expect(try server.reload().needsRestart.isEmpty)
    }

    @Test func theStatusCountsReloadsByResult() throws {
        let server = try RunningServer.mover(Mover("1"))
        for version in 2...25 { try server.swap(to: Mover("\(version % 3)")) }
        try Files.replace(server.folder.file("bad.toml"), with: Array("?".utf8))
        try server.reload()
        try server.reload(partial: true)
        let status = try server.status()
        #expect(status.reloadResults == ["done": 25, "refused": 1, "partial": 1])
        #expect(status.reloads.count == 20, "only the last ones are kept")
        #expect(status.reloads.map(\.sequence) == Array(8...27))
    }

    /// The status has the same receipt, and the log has its lines.
    private func expectReported(_ receipt: Receipt, _ server: RunningServer) throws {
        let status = try decodeStatus(server)
        #expect(status.lastReload == receipt)
        try server.waitForLog(receipt.summary)
        for entry in receipt.entries where entry.outcome != .unchanged {
            try server.waitForLog("\(entry.outcome.text): \(entry.detail)")
        }
    }

    private func decodeStatus(_ server: RunningServer) throws -> StatusReport {
        try decodeJSON(StatusReport.self, from: server.folder.martlet("status", "--json").output)
    }
}
