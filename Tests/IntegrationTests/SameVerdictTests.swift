import Glibc
import Testing

/// `config check`, `serve` and a reload refuse the same folder with the same message.
@Suite struct SameVerdictTests {
    private func folder(_ process: String, on address: String = "127.0.0.1:0") throws -> ServerFolder {
        let folder = try ServerFolder()
        try folder.installEcho(on: [address])
        try write(process, folder)
        return folder
    }

    /// Writes the whole `martlet.toml`. `ServerFolder.configure` would add a runtime directory.
    private func write(_ process: String, _ folder: ServerFolder) throws {
        try Files.replace(folder.processFile, with: Array(process.utf8), mode: 0o644)
    }

    private func lines(_ result: Subprocess.Result) -> [Substring] {
        result.errors.split(separator: "\n").filter { $0.hasPrefix("martlet: ") }
    }

    /// `config check` and `serve` both refuse the folder with this problem and no other.
    private func expectRefused(_ folder: ServerFolder, _ problem: String) throws {
        let check = try folder.martlet("config", "check", folder.plugins)
        let words = RunningServer.command(folder)
        let serve = try Subprocess.run(words[0], Array(words.dropFirst()))
        #expect(check.status == 1 && serve.status == 1)
        #expect(lines(check) == lines(serve))
        #expect(lines(check) == ["martlet: \(problem)"])
    }

    @Test func anAddressThatOverlapsTheMetricsAddress() throws {
        let port = try freePort()
        let folder = try folder(
            "runtime_directory = \"run\"\nmetrics_listen = \"127.0.0.1:\(port)\"", on: "*:\(port)")
        try expectRefused(
            folder,
            "\(folder.plugins)/echo.toml:2:11: listen[0]: \"*:\(port)\" overlaps \"127.0.0.1:\(port)\" of metrics_listen at "
                + "\(folder.processFile):2:1")
    }

    @Test(arguments: [
        ("workers = 2\nworkers_min = 3", "3:1: workers_min: expected at most workers, which is 2, found 3"),
        ("workers_min = 17", "2:1: workers_min: expected at most workers, which is 16, found 17"),
    ])
    func moreMinimumThanMaximumWorkers(text: String, problem: String) throws {
        let folder = try folder("runtime_directory = \"run\"\n\(text)")
        try expectRefused(folder, "\(folder.processFile):\(problem)")
    }

    @Test func aCoreThatDoesNotExist() throws {
        let folder = try folder("runtime_directory = \"run\"\nloops = 1\ncpu_affinity = [1023]")
        let check = try folder.martlet("config", "check", folder.plugins)
        let start = "\(folder.processFile):3:17: cpu_affinity[0]: this process may not use core 1023; it may use "
        let problem = try #require(lines(check).first { $0.hasPrefix("martlet: " + start) }, "\(check.errors)")
        try expectRefused(folder, String(problem.dropFirst("martlet: ".count)))
    }

    @Test(arguments: [("nowhere/server.log", "No such file or directory"), ("plugins.d", "Is a directory")])
    func aLogFileThatCannotBeOpened(file: String, reason: String) throws {
        let folder = try folder("runtime_directory = \"run\"\nlog_file = \"\(file)\"")
        try expectRefused(
            folder,
            "\(folder.processFile):2:1: log_file: cannot open the log file \(folder.path)/\(file): \(reason)")
    }

    @Test func aRuntimeDirectoryThatIsAFile() throws {
        let folder = try folder("runtime_directory = \"martlet.toml\"")
        try expectRefused(
            folder,
            "\(folder.processFile):1:1: runtime_directory: the runtime directory \(folder.processFile) is not a folder")
    }

    @Test func aRuntimeDirectoryInAMissingFolder() throws {
        let folder = try folder("runtime_directory = \"no/where\"")
        let path = folder.path + "/no/where"
        try expectRefused(
            folder,
            "\(folder.processFile):1:1: runtime_directory: cannot make the runtime directory \(path): No such file or directory"
        )
    }

    @Test func aRuntimeDirectoryWhosePathIsTooLong() throws {
        let name = String(repeating: "r", count: 95)
        let folder = try folder("runtime_directory = \"/\(name)\"")
        try expectRefused(
            folder,
            "\(folder.processFile):1:1: runtime_directory: the runtime directory /\(name) has too long a path for its control "
                + "socket: expected at most 94 bytes, found 96; set control_socket, or use a shorter path")
    }

    @Test(.enabled(if: isNoexec("/proc"), "/proc is not mounted noexec"))
    func aRuntimeDirectoryMountedNoexec() throws {
        let folder = try folder("runtime_directory = \"/proc/martlet\"")
        try expectRefused(
            folder,
            "\(folder.processFile):1:1: runtime_directory: the runtime directory /proc/martlet is on a file system that is "
                + "mounted noexec, so no plugin could be loaded from it; set runtime_directory in martlet.toml to one that is not"
        )
    }

    @Test(.enabled(if: geteuid() != 0, "root may use the folders of others"))
    func aRuntimeDirectoryOfAnotherUser() throws {
        let folder = try folder("runtime_directory = \"/usr\"")
        try expectRefused(
            folder,
            "\(folder.processFile):1:1: runtime_directory: the runtime directory /usr belongs to user 0, not to this one"
        )
    }

    @Test(.enabled(if: geteuid() == 0, "only root can give folders away"))
    func rootMayCheckAnotherUsersRuntimeDirectory() throws {
        let folder = try folder("runtime_directory = \"run\"")
        #expect(mkdir(folder.runtime, 0o700) == 0 && chown(folder.runtime, 12_345, 12_345) == 0)
        let check = try folder.martlet("config", "check", folder.plugins)
        #expect(check.status == 0)
        #expect(
            check.output.contains(
                "note: \(folder.processFile):1:1: runtime_directory: \(folder.runtime) belongs to user 12345: only a server of "
                    + "that user can use it\n"))
        let words = RunningServer.command(folder)
        let serve = try Subprocess.run(words[0], Array(words.dropFirst()))
        #expect(serve.status == 1)
        #expect(serve.errors.contains("belongs to user 12345, not to this one"))
    }

    @Test func checkingChangesNothing() throws {
        let folder = try folder("runtime_directory = \"run\"\nlog_file = \"server.log\"")
        #expect(try folder.martlet("config", "check", folder.plugins).status == 0)
        #expect(!Files.exists(folder.runtime) && !Files.exists(folder.path + "/server.log"))
        let server = try RunningServer(folder)
        let names = Files.names(in: folder.runtime)
        #expect(try folder.martlet("config", "check", folder.plugins).status == 0)
        #expect(Files.names(in: folder.runtime) == names)
        #expect(try server.connect().ask("still") == "still")
    }

    @Test func aReloadRefusesABadProcessFile() throws {
        let folder = try folder("runtime_directory = \"run\"\nloops = 1")
        let server = try RunningServer(folder)
        try write("runtime_directory = \"run\"\nloops = 1\ncpu_affinity = [1023]", folder)
        let receipt = try server.reload()
        #expect(receipt.isRefused)
        let check = try folder.martlet("config", "check", folder.plugins)
        #expect(receipt.entries.map { "martlet: \($0.detail)" } == lines(check).map(String.init))
        #expect(receipt.entries.map(\.listener) == [""])
        #expect(try server.connect().ask("still") == "still")
    }
}

private func isNoexec(_ path: String) -> Bool {
    var status = statvfs()
    // ST_NOEXEC
    return statvfs(path, &status) == 0 && status.f_flag & 8 != 0
}
