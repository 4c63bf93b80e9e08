import Glibc
import Server
import Testing

/// A child process parses files, so a file that crashes the parsing library crashes only the child. The server continues and names the
/// file.
@Suite struct ParserTests {
    private let head = "plugin = \"echo.so\"\nlisten = \"127.0.0.1:0\"\n"

    private func write(_ text: String, _ folder: ServerFolder) throws {
        try Files.replace(folder.file("bad.toml"), with: Array((head + text).utf8), mode: 0o644)
    }

    private func run(_ folder: ServerFolder, _ arguments: [String], fault: String = "") throws -> Subprocess.Result {
        let words =
            ["MARTLET_PARSER_FAULT=\(fault)", BuildFolder.martlet] + arguments + ["--config", folder.processFile]
        return try Subprocess.run("env", words)
    }

    /// `config check` and `serve` refuse the folder and report this problem of the file.
    private func expectRefused(_ folder: ServerFolder, _ problem: String, fault: String = "") throws {
        for command in [["config", "check"], ["serve"]] {
            let result = try run(folder, command + [folder.plugins], fault: fault)
            let lines = result.errors.split(separator: "\n").filter { $0.hasPrefix("martlet: ") }
            #expect(result.status == 1, "\(command)")
            #expect(lines.count == 1)
            #expect(lines.first?.hasPrefix("martlet: \(folder.file("bad.toml")):\(problem)") == true, "\(lines)")
        }
    }

    /// A running server refuses the reload, reports this problem of the file, and continues.
    private func expectRefused(_ server: RunningServer, _ problem: String) throws {
        let receipt = try server.reload()
        #expect(receipt.isRefused)
        let entry = try #require(receipt.entries.first { $0.listener == "bad" })
        #expect(entry.detail.hasPrefix("\(server.folder.file("bad.toml")):\(problem)"), "\(entry.detail)")
        #expect(try server.connect().ask("after") == "after")
        #expect(try server.folder.martlet("reload").status == 1)
    }

    /// The three kinds of damage that fail assertions of toml++. The last kind fails where toml++ must not throw.
    @Test(arguments: [
        ("a = 2024-01-01TO9:09:09", "3:16: TOML syntax: unexpected 'O'"),
        ("a = 2024-01-01 1 :", "3:17: TOML syntax: unexpected ' '"),
        ("a = 2024-01-01\(String(repeating: "_", count: 115)) 09:09:09", " the parser crashed on this file (SIGABRT)"),
        ("a = 2024-01-01\(String(repeating: "_", count: 116)) 09:09:09", " the parser crashed on this file (SIGABRT)"),
        ("a = 2024-01-01\(String(repeating: "_", count: 117)) 09:09:09", " the parser crashed on this file (SIGABRT)"),
    ])
    func aFileThatFailsAParserAssertionIsRefused(line: String, problem: String) throws {
        let server = try RunningServer.echo()
        try write(line, server.folder)
        try expectRefused(server, problem)
        let other = try ServerFolder()
        try other.installEcho()
        try write(line, other)
        try expectRefused(other, problem)
        try server.folder.remove("bad.toml")
        #expect(try !server.reload().isRefused)
    }

    @Test(arguments: [
        ("crash", " the parser crashed on this file (SIGABRT)"),
        ("exit", " the parser exited with status 7 on this file"),
        ("garbage", " the parser's answer to this file cannot be read: "),
        ("hang", " the parser did not finish this file within "),
    ])
    func theServerSurvivesAParserFailure(fault: String, problem: String) throws {
        let folder = try ServerFolder()
        try folder.installEcho()
        let server = try RunningServer(folder, launcher: ["env", "MARTLET_PARSER_FAULT=\(fault)"])
        try write("# parser fault", folder)
        // Another child parses this file after the bad one.
        try folder.listen("later", plugin: "echo.so", "# changed")
        try expectRefused(server, problem)
        #expect(try server.reload().entries.filter { $0.outcome == .refused }.map(\.listener) == ["bad"])
        try expectRefused(folder, problem, fault: fault)
        // The fault is injected only into files with the comment "parser fault".
        try write("# none", folder)
        #expect(try !server.reload().isRefused)
        #expect(try server.connect(to: "later").ask("later") == "later")
    }

    /// toml++ descends recursively into the tables that it makes for such a key, until the stack overflows.
    @Test func aKeyOfAHundredThousandPartsIsRefused() throws {
        let folder = try ServerFolder()
        try folder.installEcho()
        // A sanitizer makes the frames of toml++ several times as large.
        let parts = Sanitizer.isOn ? 10_000 : 100_000
        try write("a" + String(repeating: ".a", count: parts) + " = 1", folder)
        try expectRefused(folder, "3:129: expected at most 64 levels of nested keys and lists")
    }

    /// Each reload reads a different file with some five hundred values.
    @Test func twoHundredReloadsOfChangingFilesCostNoMemory() throws {
        let folder = try ServerFolder()
        try folder.installEcho()
        let server = try RunningServer(folder)
        let addresses = (0..<500).map { "\"10.0.\($0 / 250).\($0 % 250)\"" }.joined(separator: ", ")
        var before: UInt64 = 0
        for round in 0..<220 {
            if round == 20 { before = try server.ownBytes }
            let text = "[access]\ndeny = [\(addresses), \"10.1.0.\(round)\"]"
            try folder.listen("echo", plugin: "echo.so", text)
            #expect(try !server.reload().isRefused)
        }
        let growth = Int64(try server.ownBytes) - Int64(before)
        print("200 reloads: \(growth) bytes")
        // A sanitizer keeps freed memory in quarantine.
        // The heap may have been trimmed before the first measurement. A leak of one file's values would be 20 MB.
        #expect(growth < (Sanitizer.isOn ? 64 << 20 : 6 << 20), "\(growth) bytes")
        #expect(try server.connect().ask("after") == "after")
    }
}
