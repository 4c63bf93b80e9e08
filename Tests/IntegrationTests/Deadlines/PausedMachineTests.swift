import Glibc
import Server
import Testing

/// A virtual machine that was paused goes on when all deadlines have passed. Nobody is to blame for that.
@Suite struct PausedMachineTests {
    @Test func aPauseIsHeldAgainstNobody() throws {
        let folder = try ServerFolder(process: "loop_timeout = \"3s\"\nplugin_timeout = \"3s\"")
        let limits = "state_timeout = \"3s\"\n[limits]\nhang_timeout = \"3s\""
        try folder.installEcho(limits)
        let server = try RunningServer(folder)
        let host = try #require(try server.processes.first { $0.pid != server.process.pid }).pid
        let visitors = try Visitors(try server.address())
        for round in 1...3 {
            try folder.install(
                BuildFolder.plugin("EchoPlugin"), as: "echo.so", appending: [UInt8](repeating: 0, count: round))
            // It begins at an arbitrary moment of the reload and is longer than any deadline above.
            let pause = try Background { [pids = [server.process.pid, host]] in try Self.pause(pids) }
            let entry = try #require(try server.reload().entries.first)
            #expect(entry.outcome == .swapped, "\(entry.detail)")
            try pause.value()
        }
        #expect(try server.processes.contains { $0.pid == host })
        #expect(try visitors.finish() > 0)
        #expect(!server.log.contains("_timeout"), "\(server.log)")
    }

    private static func pause(_ processes: [pid_t]) throws {
        let words = processes.map { "\($0)" }.joined(separator: " ")
        _ = try Subprocess.run("sh", ["-c", "kill -STOP \(words); sleep 5; kill -CONT \(words)"])
    }
}
