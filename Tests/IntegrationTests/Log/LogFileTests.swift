import Glibc
import Testing

/// `log_file`, and SIGUSR1 for logrotate.
@Suite struct LogFileTests {
    private func talker(_ more: String = "") throws -> RunningServer {
        let folder = try ServerFolder(process: "log_file = \"server.log\"\n\(more)")
        try folder.installFixture("talks", "[limits]\nlog_rate = 0")
        return try RunningServer(folder)
    }

    private func text(_ server: RunningServer, _ name: String = "server.log") -> String {
        (try? Files.text("\(server.folder.path)/\(name)")) ?? ""
    }

    @Test func isAppendedToAndPrivate() throws {
        let server = try talker()
        #expect(try Files.mode(server.folder.path + "/server.log") & 0o137 == 0)
        #expect(try server.stop() == 0)
        // Flushed at the end.
        #expect(text(server).contains(" stopped cut=0\n"))
        #expect(server.log == "")
        let again = try RunningServer(server.folder)
        #expect(try again.stop() == 0)
        #expect(text(server).split(separator: "\n").filter { $0.contains(" stopped ") }.count == 2)
    }

    @Test func noLineIsLostAfterARenameAndSIGUSR1() throws {
        let server = try talker()
        let peer = try server.connect(to: "talks")
        let path = server.folder.path + "/server.log"
        for round in 0..<20 {
            try peer.send("talk 100\n")
            if round == 10 {
                #expect(rename(path, path + ".1") == 0)
                server.signal(SIGUSR1)
            }
            #expect(try peer.receiveLine() == "talk 100")
        }
        try waitUntil("the log file exists again") { text(server).contains(" NOTICE log file reopened file=") }
        #expect(try peer.ask("talk 1") == "talk 1")
        #expect(try server.stop() == 0)
        let lines = (text(server, "server.log.1") + text(server)).split(separator: "\n")
        let numbers = lines.compactMap { $0.firstMatch(of: /talk line (\d+)\./).flatMap { Int($0.1) } }
        #expect(numbers == Array(0...2_000))
        #expect(text(server).contains("talk line 2000."))
    }

    @Test func theOldFileIsKeptWhenReopeningFails() throws {
        let server = try talker()
        let path = server.folder.path + "/server.log"
        #expect(rename(path, path + ".1") == 0)
        #expect(mkdir(path, 0o755) == 0)
        server.signal(SIGUSR1)
        try waitUntil("the old file has the error") {
            text(server, "server.log.1").contains(
                "ERROR the log continues in the old file: cannot open the log file \(path): Is a directory")
        }
        #expect(try server.connect(to: "talks").ask("talk 1") == "talk 1")
        try waitUntil("the old file gets new lines") { text(server, "server.log.1").contains("talk line 0.") }
    }

    @Test func aFileThatCannotBeOpenedRefusesTheStart() throws {
        let folder = try ServerFolder(process: "log_file = \"nowhere/server.log\"")
        try folder.installEcho()
        let words = RunningServer.command(folder)
        let result = try Subprocess.run(words[0], Array(words.dropFirst()))
        #expect(result.status == 1)
        #expect(
            result.errors.contains(
                "cannot open the log file \(folder.path)/nowhere/server.log: No such file or directory"),
            "\(result.errors)")
    }

    @Test func theLogOfARefusedStartIsWritten() throws {
        let folder = try ServerFolder(process: "log_file = \"server.log\"")
        try folder.installFixture("crashes-in-entry")
        let words = RunningServer.command(folder)
        #expect(try Subprocess.run(words[0], Array(words.dropFirst())).status == 1)
        #expect(try Files.text(folder.path + "/server.log").contains("ERROR reload 1 refused"))
    }
}
