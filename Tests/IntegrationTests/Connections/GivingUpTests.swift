import Server
import Testing

/// A plugin gives up a connection. The server counts which side is responsible and passes the reason to `closed`.
@Suite struct GivingUpTests {
    struct Way: Sendable, CustomTestStringConvertible {
        let line: String
        let reason: Int
        var peerErrors: UInt64 = 0
        var failures: UInt64 = 0

        var testDescription: String { line }
    }

    private static let all = [
        Way(line: "peer", reason: 15, peerErrors: 1), Way(line: "fail", reason: 16, failures: 1),
        Way(line: "abort -7", reason: 15, peerErrors: 1), Way(line: "abort -3", reason: 16, failures: 1),
        Way(line: "abort -99", reason: 16, failures: 1), Way(line: "abort 0", reason: 1),
        Way(line: "abort 1", reason: 1),
    ]

    @Test(arguments: all, ["dispatch = \"loops\"", "dispatch = \"workers\""])
    func theReasonIsReportedAndCounted(_ way: Way, _ dispatch: String) throws {
        let server = try RunningServer.switchboard(dispatch)
        let peer = try server.connect(to: "one")
        #expect(try peer.ask("hello") == "hello")
        try peer.send("lost\n\(way.line)\nnever seen\n")
        #expect(try peer.waitForEnd() == .reset)
        try server.waitForLog("one: closed because of \(way.reason).")
        let counts = try server.counts(of: "one")
        #expect(counts.peerErrors == way.peerErrors && counts.failures == way.failures)
        #expect(counts.failedRequests == way.failures, "expected a failure to count as a failed request")
        #expect(counts.requests == way.failures)
        #expect(counts.faults == 0)
        let metrics = try server.folder.martlet("metrics").output
        #expect(metrics.contains("martlet_peer_errors_total{listener=\"one\"} \(way.peerErrors)\n"))
        #expect(metrics.contains("martlet_failures_total{listener=\"one\"} \(way.failures)\n"))
    }

    /// Connections that the plugin gives up because of the peer do not count against it.
    @Test func onlyFailuresOfThePluginAbortATrial() throws {
        let rollout = "[rollout]\nhold = \"10m\"\npercent = 50\n[rollout.abort_on]\nerror_rate = 0.5"
        let folder = try ServerFolder()
        try folder.switchboard("one", rollout)
        let server = try RunningServer(folder)
        try folder.switchboard("one", version: "2", rollout)
        #expect(try server.reload("one") == .trial)
        func visit(_ line: String) throws {
            let peer = try server.connect(to: "one")
            try peer.send(line + "\n")
            _ = try peer.waitForEnd()
        }
        for _ in 0..<40 { try visit("peer") }
        #expect(try server.generation(2, of: "one")?.state == .trial)
        #expect(try server.counts(of: "one").peerErrors == 40)
        try waitUntil("the trial is aborted") {
            try visit("fail")
            return try server.status().lastReload?.entry(of: "one").outcome == .aborted
        }
        let entry = try #require(try server.status().lastReload).entry(of: "one")
        #expect(entry.detail.contains("requests failed"), "\(entry.detail)")
        try waitUntil("the candidate is gone") { try server.generations(of: "one") == [1] }
    }
}
