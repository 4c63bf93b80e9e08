import Glibc
import Testing

/// `log_level` and `log_rate`.
@Suite struct LogLevelTests {
    @Test func theLevelChangesLiveForRunningPlugins() throws {
        let folder = try ServerFolder()
        try folder.installShout()
        let server = try RunningServer(folder)
        func visit() throws {
            let peer = try server.connect(to: "shout")
            #expect(try peer.ask("x") == "X")
            peer.close()
            try waitUntil("the connection is closed") { try server.openConnections == 0 }
        }
        try visit()
        try folder.configure("log_level = \"debug\"")
        #expect(try server.reload().needsRestart == [])
        #expect(!server.log.contains(" DEBUG "))
        try visit()
        try waitUntil("the plugin's debug line is written") {
            server.log.contains(" DEBUG closed because of ") && server.log.contains(" generation=1 ")
        }
        try folder.configure("log_level = \"critical\"")
        try server.reload()
        try visit()
        #expect(try server.stop() == 0)
        try server.waitForLog(" DEBUG ")
        #expect(server.log.split(separator: "\n").filter { $0.contains(" DEBUG ") }.count == 1)
        #expect(!server.log.contains(" NOTICE stopped"))
    }

    @Test func aPluginsExcessLinesAreCounted() throws {
        let folder = try ServerFolder()
        try folder.installFixture("talks", "[limits]\nlog_rate = 2")
        let server = try RunningServer(folder)
        let peer = try server.connect(to: "talks")
        #expect(try peer.ask("talk 1000") == "talk 1000")
        var said = 0
        try waitUntil("the log reports the lines that were not written") {
            said = server.log.matches(
                of: /WARNING (\d+) lines of this plugin were not written \(log_rate\) generation=1/
            )
            .reduce(0) { $0 + (Int($1.1) ?? 0) }
            return said > 0
        }
        let written = server.log.matches(of: /talk line/).count
        #expect((20...40).contains(written))
        #expect(written + said == 1_000)
        #expect(try server.status().listeners[0].counts.limits["log_rate"] == UInt64(said))
        #expect(try folder.martlet("metrics").output.contains("limit=\"log_rate\"} \(said)\n"))
        #expect(try server.status().logLinesDropped == 0)
    }

    @Test func shutdownReportsTheRemainingCount() throws {
        let folder = try ServerFolder()
        try folder.installFixture("talks", "[limits]\nlog_rate = 1")
        let server = try RunningServer(folder)
        #expect(try server.connect(to: "talks").ask("talk 500") == "talk 500")
        #expect(try server.stop() == 0)
        try server.waitForLog("lines of this plugin were not written (log_rate)")
    }
}
