import Glibc

/// A `plugins.d` with its own `martlet.toml` and runtime directory, all in a temporary folder.
final class ServerFolder: Sendable {
    private let folder: TemporaryFolder
    private let processFileName: String

    /// - Parameters:
    ///   - process: further lines of `martlet.toml`.
    ///   - processFileName: another name for that file.
    init(process: String = "", processFileName: String = "martlet.toml") throws {
        self.processFileName = processFileName
        folder = try TemporaryFolder()
        guard mkdir(plugins, 0o755) == 0 else { throw Failure.system("mkdir \(plugins)") }
        try configure(process)
    }

    var path: String { folder.path }
    var plugins: String { folder.path + "/plugins.d" }
    var processFile: String { folder.path + "/" + processFileName }
    var runtime: String { folder.path + "/run" }
    var state: String { folder.path + "/state" }
    var controlSocket: String { runtime + "/control.sock" }
    var images: String { runtime + "/images" }

    /// The path of a file in `plugins.d`.
    func file(_ name: String) -> String { "\(plugins)/\(name)" }

    /// Writes `martlet.toml`.
    func configure(_ process: String) throws {
        let own = process.contains("loops =") ? "" : "loops = 2\n"
        // After the test's own lines, whose line numbers must not change.
        let patience = Sanitizer.isOn && !process.contains("probe_timeout") ? "probe_timeout = \"60s\"\n" : ""
        let state = process.contains("state_directory") ? "" : "state_directory = \"state\"\n"
        // Most tests end their server by SIGKILL, and its hosts with it.
        let orphans = process.contains("orphan_timeout") ? "" : "orphan_timeout = \"0s\"\n"
        // No host is renewed behind a test's back.
        let images = process.contains("max_retired_images") ? "" : "max_retired_images = 0\n"
        // Top-level keys must precede the first table.
        let lines = process.split(separator: "\n", omittingEmptySubsequences: false)
        let keys = lines.prefix { !$0.hasPrefix("[") }
        let tables = lines.dropFirst(keys.count).joined(separator: "\n")
        let text =
            "runtime_directory = \"run\"\n\(own)\(keys.joined(separator: "\n"))\n\(state)\(orphans)\(images)\(patience)\(tables)\n"
        try Files.replace(processFile, with: Array(text.utf8), mode: 0o644)
    }

    /// Copies a library into `plugins.d` atomically.
    ///
    /// - Parameter appending: bytes after the end of the ELF file. They make the content different, and so give another image of the
    ///   same code.
    func install(_ library: String, as name: String, appending: [UInt8] = []) throws {
        try Files.replace(file(name), with: Files.read(library) + appending)
    }

    /// Writes `NAME.toml`.
    ///
    /// - Parameter more: further lines of the file, such as a table `[limits]`.
    func listen(
        _ name: String, plugin: String, on addresses: [String] = ["127.0.0.1:0"], _ more: String = ""
    ) throws {
        let list = addresses.map { "\"\($0)\"" }.joined(separator: ", ")
        let text = "plugin = \"\(plugin)\"\nlisten = [\(list)]\n\(more)\n"
        try Files.replace(file(name + ".toml"), with: Array(text.utf8), mode: 0o644)
    }

    /// The echo plugin and a listener for it.
    func installEcho(on addresses: [String] = ["127.0.0.1:0"], _ more: String = "") throws {
        try install(BuildFolder.plugin("EchoPlugin"), as: "echo.so")
        try listen("echo", plugin: "echo.so", on: addresses, more)
    }

    func remove(_ name: String) throws {
        guard unlink(file(name)) == 0 else { throw Failure.system("unlink \(name)") }
    }

    /// Runs the real command line with `--config` set to this folder's `martlet.toml`.
    func martlet(_ arguments: String...) throws -> Subprocess.Result {
        try Subprocess.run(BuildFolder.martlet, arguments + ["--config", processFile])
    }
}

extension ServerFolder {
    /// The shout plugin, written in C, and a listener for it.
    func installShout(version: String = "1.0.0", as name: String = "shout", _ more: String = "") throws {
        try install(Fixture.library("shout", defines: ["VERSION": "\"\(version)\""]), as: name + ".so")
        try listen(name, plugin: name + ".so", more)
    }

    /// A fixture and a listener for it, both under the fixture's name.
    func installFixture(_ name: String, _ more: String = "") throws {
        try install(Fixture.library(name), as: name + ".so")
        try listen(name, plugin: name + ".so", more)
    }
}
