import Configuration
import Glibc
import Testing

/// What the documentation shows is tried as a reader would try it: its commands run, its files are accepted.
/// How a block is marked: `CodeBlock`.
@Suite struct PageTests {
    static let pages = Result { try Page.all() }

    static let shells = ((try? pages.get()) ?? []).filter { page in
        page.blocks.contains { ["sh", "console"].contains($0.language) && $0.reasonNotToRun == nil }
    }.map(\.path)

    @Test(
        .enabled(if: ReadersMachine.isAvailable, "namespaces are not permitted here"),
        .disabled(if: Sanitizer.isOn, "plugins are built against MartletKit without the sanitizer"),
        arguments: shells)
    func theCommandsOfThePageDoWhatItSays(_ path: String) throws {
        let page = try #require(try Self.pages.get().first { $0.path == path })
        let typed = try ReadersMachine().type(page.blocks)
        #expect(!typed.isEmpty)
        for result in typed {
            let printed = result.preparation + result.outputs.joined()
            #expect(result.status == 0, "\(result.block) ends with \(result.status): \(printed)")
            guard result.block.language == "console", result.status == 0 else { continue }
            for (command, output) in zip(result.block.commands, result.outputs) {
                let difference = PrintedOutput(command.printed).difference(from: output)
                #expect(difference == nil, "\(result.block): $ \(command.line)")
            }
        }
        if path == "README.md" { try checkTheWalk(typed) }
    }

    /// The plugin of the README from nothing to swapped: what its comments promise.
    private func checkTheWalk(_ typed: [ReadersMachine.Typed]) throws {
        let walk = try #require(typed.first { $0.block.text.contains("Shout.swift") }).outputs.joined()
        for promise in ["HI", "shout 1.0.0", "outdated", "shout 1.1.0"] {
            #expect(walk.contains(promise), "\(promise) in: \(walk)")
        }
    }

    @Test func everyBlockSaysWhatItIs() throws {
        var kinds: Set<String> = []
        for block in try Self.pages.get().flatMap(\.blocks) {
            kinds.insert(block.language)
            if let reason = block.reasonNotToRun {
                #expect(reason.count > 10, "\(block): why is it not tried?")
                continue
            }
            let known =
                switch block.language {
                case "text", "mermaid", "console", "swift": true
                case "sh": ["", "serves"].contains(block.words)
                case "toml": ["listener", "process"].contains(block.words)
                case "c", "ini": block.file != nil
                // Checked by the tests of BinaryWire.
                case "frame": block.page == "docs/binary-protocol.md"
                default: false
                }
            #expect(known, "\(block): ```\(block.language) \(block.words)")
        }
        #expect(kinds.isSuperset(of: ["sh", "console", "swift", "c", "toml", "ini"]))
    }

    @Test func theFilesInTOMLAreAccepted() throws {
        let blocks = try Self.pages.get().flatMap(\.blocks).filter { $0.language == "toml" && $0.reasonNotToRun == nil }
        #expect(!blocks.isEmpty)
        for block in blocks {
            let folder = try ServerFolder()
            try folder.install(BuildFolder.plugin("EchoPlugin"), as: "echo.so")
            let needed = block.text.contains("plugin =") ? "" : "plugin = \"echo.so\"\nlisten = \"127.0.0.1:0\"\n"
            let isProcess = block.words == "process"
            if isProcess { try Files.replace(folder.processFile, with: Array(block.text.utf8), mode: 0o644) }
            let listener = isProcess ? needed : needed + block.text
            try Files.replace(folder.file("echo.toml"), with: Array(listener.utf8), mode: 0o644)
            let result = try folder.martlet("config", "check", folder.plugins)
            // Keys to trust are in order when the only problem is that the plugin has no signature by them.
            let isUnsigned = result.errors.contains("is not signed") && result.output.contains(": 1 problem")
            #expect(result.status == 0 || isUnsigned && block.text.contains("trusted_keys"), "\(block): \(result)")
        }
    }

    static let hasSystemd = (try? Subprocess.run("systemd-analyze", ["--version"]).status) == 0

    @Test(.enabled(if: hasSystemd, "systemd-analyze is not installed"))
    func theUnitsOfSystemdAreInOrder() throws {
        let blocks = try Self.pages.get().flatMap(\.blocks).filter { $0.language == "ini" }
        #expect(!blocks.isEmpty)
        for block in blocks {
            let file = try #require(block.file)
            #expect(file.hasSuffix(".service") || file.hasSuffix(".socket"), "\(block)")
            let folder = try TemporaryFolder()
            // The program is somewhere else here; all other paths are the unit's.
            let text = block.text.replacing("/usr/bin/martlet", with: BuildFolder.martlet)
            try Files.replace("\(folder.path)/\(file)", with: Array(text.utf8), mode: 0o644)
            let result = try Subprocess.run("systemd-analyze", ["verify", "\(folder.path)/\(file)"])
            // It also speaks of the units of the system.
            let problems = result.errors.split(separator: "\n").filter { $0.contains(file) }
            #expect(result.status == 0 && problems.isEmpty, "\(block): \(result.errors)\(result.output)")
        }
    }
}
