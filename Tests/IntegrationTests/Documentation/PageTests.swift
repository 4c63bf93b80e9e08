import Configuration
import Glibc
import Testing

/// Tries the documentation's examples as a reader would: its commands run, its files are accepted.
/// `CodeBlock` describes how blocks are marked.
@Suite struct PageTests {
    static let pages = Result { try Page.all() }

    static let shells = ((try? pages.get()) ?? []).filter { page in
        page.blocks.contains { ["sh", "console"].contains($0.language) && $0.reasonNotToRun == nil }
    }.map(\.path)

    @Test(
        .enabled(if: ReadersMachine.isAvailable, "namespaces are not permitted here"),
        .disabled(if: Sanitizer.isOn, "plugins are built against MartletKit without the sanitizer"),
        arguments: shells)
    func commandsOnThePagePrintWhatItShows(_ path: String) throws {
        let page = try #require(try Self.pages.get().first { $0.path == path })
        let typed = try ReadersMachine().type(page.blocks)
        #expect(!typed.isEmpty)
        for result in typed {
            let printed = result.preparation + result.outputs.joined()
            #expect(result.status == 0, "\(result.block) exited with status \(result.status): \(printed)")
            guard result.block.language == "console", result.status == 0 else { continue }
            for (command, output) in zip(result.block.commands, result.outputs) {
                let difference = PrintedOutput(command.printed).difference(from: output)
                #expect(difference == nil, "\(result.block): $ \(command.line)")
            }
        }
        if path == "README.md" { try checkTheWalk(typed) }
    }

    /// The README's walk from an empty folder to a swapped plugin: its output holds what the comments promise.
    private func checkTheWalk(_ typed: [ReadersMachine.Typed]) throws {
        let walk = try #require(typed.first { $0.block.text.contains("Shout.swift") }).outputs.joined()
        for promise in ["HI", "shout 1.0.0", "outdated", "shout 1.1.0"] {
            #expect(walk.contains(promise), "\(promise) in: \(walk)")
        }
    }

    @Test func everyBlockIsMarked() throws {
        var kinds: Set<String> = []
        for block in try Self.pages.get().flatMap(\.blocks) {
            kinds.insert(block.language)
            if let reason = block.reasonNotToRun {
                #expect(reason.count > 10, "\(block): norun: expected a reason, found \"\(reason)\"")
                continue
            }
            let known =
                switch block.language {
                case "text", "mermaid", "console", "swift": true
                case "sh": ["", "serves"].contains(block.words)
                case "toml": ["listener", "process"].contains(block.words)
                case "c", "ini": block.file != nil
                // The tests of BinaryWire check these.
                case "frame": block.page == "docs/binary-protocol.md"
                default: false
                }
            #expect(known, "\(block): ```\(block.language) \(block.words)")
        }
        #expect(kinds.isSuperset(of: ["sh", "console", "swift", "c", "toml", "ini"]))
    }

    @Test func tomlBlocksAreAccepted() throws {
        let blocks = try Self.pages.get().flatMap(\.blocks).filter { $0.language == "toml" && $0.reasonNotToRun == nil }
        #expect(!blocks.isEmpty)
        for block in blocks {
            let database = block.text.contains("users =") ? "[databases.main]\nurl = \"sqlite:main.db\"" : ""
            let folder = try ServerFolder(process: database)
            try folder.install(BuildFolder.plugin("EchoPlugin"), as: "echo.so")
            if block.text.contains("resp.so") { try folder.install(BuildFolder.plugin("RESPPlugin"), as: "resp.so") }
            let needed = block.text.contains("plugin =") ? "" : "plugin = \"echo.so\"\nlisten = \"127.0.0.1:0\"\n"
            let isProcess = block.words == "process"
            if isProcess {
                let text = block.text.replacing("/var/lib/martlet", with: folder.path)
                try Files.replace(folder.processFile, with: Array(text.utf8), mode: 0o644)
            }
            // Certificates that a page names are those of the tests.
            var text = block.text
            for (host, name) in [("example.org", "a"), ("example.net", "b")] {
                text = text.replacing("/etc/martlet/tls/\(host)", with: try Certificates.get().file(name))
            }
            let listener = isProcess ? needed : needed + text
            try Files.replace(folder.file("echo.toml"), with: Array(listener.utf8), mode: 0o644)
            let result = try folder.martlet("config", "check", folder.plugins)
            // A block with trusted_keys is valid when the only problem is that no trusted key signed the plugin.
            let isUnsigned = result.errors.contains("is not signed") && result.output.contains(": 1 problem")
            #expect(result.status == 0 || isUnsigned && block.text.contains("trusted_keys"), "\(block): \(result)")
        }
    }

    static let hasSystemd = (try? Subprocess.run("systemd-analyze", ["--version"]).status) == 0

    @Test(.enabled(if: hasSystemd, "systemd-analyze is not installed"))
    func systemdUnitsAreValid() throws {
        let blocks = try Self.pages.get().flatMap(\.blocks).filter { $0.language == "ini" }
        #expect(!blocks.isEmpty)
        for block in blocks {
            let file = try #require(block.file)
            #expect(file.hasSuffix(".service") || file.hasSuffix(".socket"), "\(block)")
            let folder = try TemporaryFolder()
            // Only the path of the program differs here; all other paths stay those of the unit.
            let text = block.text.replacing("/usr/bin/martlet", with: BuildFolder.martlet)
            try Files.replace("\(folder.path)/\(file)", with: Array(text.utf8), mode: 0o644)
            let result = try Subprocess.run("systemd-analyze", ["verify", "\(folder.path)/\(file)"])
            // systemd-analyze also reports problems of the system's own units.
            let problems = result.errors.split(separator: "\n").filter { $0.contains(file) }
            #expect(result.status == 0 && problems.isEmpty, "\(block): \(result.errors)\(result.output)")
        }
    }
}
