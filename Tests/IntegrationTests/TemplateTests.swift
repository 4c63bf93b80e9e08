import Server
import Testing

/// A project made by `martlet new` builds and passes its own tests, and the server serves its plugin.
@Suite struct TemplateTests {
    private func make(_ folder: String, _ arguments: String...) throws {
        let process = try Subprocess("make", ["-C", folder] + arguments)
        process.closeInput()
        // The Swift project is built twice, for its tests and for its plugin, while all other tests run.
        let result = try process.wait(within: .seconds(600))
        #expect(result.status == 0, "make \(arguments): \(result.output) \(result.errors)")
    }

    @Test func aNewPluginInSwiftWorks() throws { try makeAndServe("swift") }

    @Test(.enabled(if: Programs.has("cc"), "cc is not installed"))
    func aNewPluginInCWorks() throws { try makeAndServe("c") }

    @Test(.enabled(if: Programs.has("c++"), "c++ is not installed"))
    func aNewPluginInCPlusPlusWorks() throws { try makeAndServe("cpp") }

    @Test(.enabled(if: Programs.has("cargo"), "cargo is not installed"))
    func aNewPluginInRustWorks() throws { try makeAndServe("rust") }

    /// Builds the plugin, tests it, checks it in the probe, installs it, serves it, calls it, and swaps it under an open session.
    private func makeAndServe(_ language: String) throws {
        let folder = try ServerFolder()
        let project = folder.path + "/word-count"
        let created = try Subprocess.run(
            BuildFolder.martlet,
            ["new", "word-count", "--lang", language, "--output", project, "--package", BuildFolder.package]
                .filter { language == "swift" || ($0 != "--package" && $0 != BuildFolder.package) })
        #expect(created.status == 0, "\(created.errors)")
        #expect(created.output.contains("\(project)/Makefile\n"))
        if language == "rust" {
            // Plugins with their tests: one uses groups, timers and instance state, the other one a database.
            for name in ["notice_board.rs", "keeps.rs"] {
                let plugin = try Files.read("\(BuildFolder.package)/Tests/Fixtures/\(name)")
                try Files.replace("\(project)/tests/\(name)", with: plugin, mode: 0o644)
            }
        }
        try make(project, "test", "MARTLET_SIMULATION=\(BuildFolder.simulation)")
        try make(project, "all", "check", "MARTLET=\(BuildFolder.martlet)")
        if language == "swift" { try expectNoPackageButTheSDK(project) }
        try make(project, "install", "PLUGINS=\(folder.plugins)")
        // Replace the installed listener file, which names a fixed port.
        try folder.listen("word-count", plugin: "word-count.so", "[options]\ngreeting = \"welcome\"")
        let server = try RunningServer(folder)
        let peer = try server.connect(to: "word-count")
        #expect(try peer.receiveLine() == "welcome")
        #expect(try peer.ask("hello") == "1 5")
        let called = try folder.martlet("call", "word-count", "lines")
        #expect(called.output.hasPrefix("1"), "\(called)")
        #expect(try folder.martlet("metrics").output.contains("word_count_lines_total"), "expected its own metric")
        let file = try Files.read(folder.file("word-count.so"))
        try Files.replace(folder.file("word-count.so"), with: file + [0])
        let receipt = try server.reload()
        #expect(receipt.entries.first { $0.listener == "word-count" }?.moves?.migrated == 1)
        #expect(try peer.ask("again") == "2 5")
        #expect(try peer.ask("quit") == "bye 2")
        _ = try peer.waitForEnd()
        #expect(try server.stop() == 0)
    }

    /// A plugin depends on the SDK, which depends on nothing.
    private func expectNoPackageButTheSDK(_ project: String) throws {
        #expect(!Files.exists(project + "/Package.resolved"))
        let state = try Files.text(project + "/.build/workspace-state.json")
        let packages = state.split(separator: "\n").filter { $0.contains("\"location\"") }
        #expect(packages.count == 1 && packages[0].contains("\(BuildFolder.package)/SDK"), "\(state)")
    }

    @Test func anInstalledProgramFindsItsSDK() throws {
        let folder = try TemporaryFolder()
        let install = """
            mkdir -p "$0/bin" "$0/share/martlet" && cp '\(BuildFolder.martlet)' "$0/bin/martlet"
            ln -s '\(BuildFolder.package)/SDK' "$0/share/martlet/SDK" && "$0/bin/martlet" new x --output "$0/x"
            """
        let result = try Subprocess.run("sh", ["-ec", install, folder.path])
        #expect(result.status == 0, "\(result.errors)")
        #expect(try Files.text(folder.path + "/x/Package.swift").contains("\(folder.path)/share/martlet/SDK"))
    }

    @Test(.enabled(if: Programs.has("cc"), "cc is not installed"))
    func testsWithoutTheSimulationSayHowToFindIt() throws {
        let folder = try TemporaryFolder()
        let project = folder.path + "/x"
        #expect(try Subprocess.run(BuildFolder.martlet, ["new", "x", "--lang", "c", "--output", project]).status == 0)
        let result = try Subprocess.run("make", ["-C", project, "test", "MARTLET_SIMULATION=/nowhere/simulation.so"])
        #expect(result.status == 2)
        #expect(result.errors.contains("/nowhere/simulation.so: cannot open shared object file"), "\(result.errors)")
        #expect(result.errors.contains("\nSet MARTLET_SIMULATION to the path that `martlet simulation` prints.\n"))
    }

    @Test func badArgumentsOfNewAreRefused() throws {
        let folder = try TemporaryFolder()
        func new(_ arguments: String...) throws -> Subprocess.Result {
            try Subprocess.run(BuildFolder.martlet, ["new"] + arguments)
        }
        let wrong: [([String], Int32, String)] = [
            (["1st", "--lang", "c"], 1, "\"1st\" is not a plugin name"),
            (["a/b", "--lang", "c"], 1, "\"a/b\" is not a plugin name"),
            (["session"], 1, "\"session\" already has a meaning in swift"),
            (["crate", "--lang", "rust"], 1, "\"crate\" already has a meaning in rust"),
            (["simulation", "--lang", "rust"], 1, "\"simulation\" already has a meaning in rust"),
            (["x", "--lang", "perl"], 64, "'swift', 'c', 'cpp' or 'rust'"),
            (["x", "--package", folder.path + "/nowhere"], 1, "No such file or directory"),
            (["x", "--package", folder.path], 1, "contains no SDK/Package.swift"),
            (["sdk", "--package", BuildFolder.package], 1, "sdk: SwiftPM would take it for another package"),
            (["x", "--lang", "c", "--output", "/proc/x"], 1, "/proc/x: "),
        ]
        for (arguments, status, message) in wrong {
            let result = try Subprocess.run(BuildFolder.martlet, ["new"] + arguments)
            #expect(result.status == status, "\(arguments)")
            #expect(result.errors.contains(message), "\(arguments): \(result.errors)")
        }
        let path = folder.path + "/x"
        let made = try new("x", "--lang", "c", "--output", path, "--json")
        #expect(made.output.contains("\"src/x.c\""))
        let again = try new("x", "--lang", "c", "--output", path)
        #expect(again.status == 1)
        #expect(again.errors == "martlet: \(path) exists and is not empty\n")
    }
}
