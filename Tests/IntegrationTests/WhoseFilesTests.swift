import Glibc
import Instances
import PluginHost
import Server
import Testing

/// Files and folders that users other than root and the server's user can change.
@Suite struct WhoseFilesTests {
    /// A file or folder of a running server that the test makes unsafe.
    struct Unsafe: Sendable, CustomTestStringConvertible {
        /// Relative to the folder of `martlet.toml`.
        let name: String
        let mode: mode_t
        let message: String
        var testDescription: String { "\(name) \(String(mode, radix: 8))" }

        static let all = ["plugins.d/echo.so", "plugins.d/echo.toml", "martlet.toml", "plugins.d", "."].flatMap {
            [Unsafe($0, 0o775), Unsafe($0, 0o777), Unsafe($0, 0o757)]
        }

        init(_ name: String, _ mode: mode_t) {
            self.name = name
            self.mode = mode
            message = "users other than its owner can write it (mode 0\(String(mode, radix: 8))): chmod go-w "
        }
    }

    private static func expectUntouched(_ server: RunningServer, _ peer: Peer) throws {
        #expect(try peer.ask("old") == "old")
        #expect(try server.connect().ask("new") == "new")
        #expect(try server.status().listeners[0].generations.map(\.generation) == [1])
    }

    @Test(arguments: Unsafe.all)
    func filesThatOthersCanWriteAreRefusedAndNothingChanges(_ unsafe: Unsafe) throws {
        let server = try RunningServer.echo()
        let peer = try server.connect()
        let path = unsafe.name == "." ? server.folder.path : "\(server.folder.path)/\(unsafe.name)"
        let mode = try Files.mode(path)
        chmod(path, unsafe.mode)
        let receipt = try server.reload()
        #expect(receipt.isRefused)
        #expect(receipt.entries.count == 1, "\(receipt.entries)")
        #expect(receipt.entries[0].detail.contains(unsafe.message + path), "\(receipt.entries)")
        try Self.expectUntouched(server, peer)
        let check = try server.folder.martlet("config", "check", server.folder.plugins)
        #expect(check.status == 1)
        #expect(check.errors.contains(unsafe.message + path), "\(check.errors)")
        chmod(path, mode)
        #expect(try server.reload().isRefused == false)
    }

    @Test func aFolderLikeTmpIsRefused() throws {
        let server = try RunningServer.echo()
        chmod(server.folder.plugins, 0o1777)
        let receipt = try server.reload()
        #expect(receipt.isRefused)
        #expect(receipt.entries[0].detail.contains("any user can create files in it (mode 1777)"))
    }

    @Test(
        .enabled(if: geteuid() == 0, "only root can give files away"),
        arguments: ["plugins.d/echo.so", "plugins.d/echo.toml", "martlet.toml", "plugins.d"])
    func filesOfAnotherUserAreRefused(name: String) throws {
        let server = try RunningServer.echo()
        let peer = try server.connect()
        let path = "\(server.folder.path)/\(name)"
        chown(path, 4711, 4711)
        let receipt = try server.reload()
        #expect(receipt.isRefused)
        #expect(receipt.entries[0].detail.contains("belongs to user 4711, not to root"), "\(receipt.entries)")
        #expect(receipt.entries[0].detail.contains(": chown 0 \(path)"))
        try Self.expectUntouched(server, peer)
        chown(path, 0, 0)
        #expect(try server.reload().isRefused == false)
    }

    @Test func aLinksTargetAndItsFolderAreChecked() throws {
        let server = try RunningServer.echo()
        let peer = try server.connect()
        let (folder, path) = (server.folder.path + "/builds", server.folder.file("echo.so"))
        mkdir(folder, 0o755)
        rename(path, "\(folder)/echo.so")
        symlink("\(folder)/echo.so", path)
        #expect(try server.reload("echo") == .unchanged)
        for target in ["\(folder)/echo.so", folder] {
            chmod(target, 0o777)
            let receipt = try server.reload()
            #expect(receipt.isRefused)
            let detail = receipt.entries[0].detail
            #expect(detail.contains("links to \(folder)/echo.so; "), "\(detail)")
            #expect(detail.contains("(mode 0777): chmod go-w \(target)"), "\(detail)")
            chmod(target, 0o755)
        }
        try Self.expectUntouched(server, peer)
        // The listener's file may be a link too.
        rename(server.folder.file("echo.toml"), "\(folder)/echo.toml")
        symlink("../builds/echo.toml", server.folder.file("echo.toml"))
        #expect(try server.reload().isRefused == false)
        chmod("\(folder)/echo.toml", 0o666)
        #expect(try server.reload().isRefused)
    }

    @Test func theServerDoesNotStartWithThem() throws {
        let folder = try ServerFolder()
        try folder.installEcho()
        chmod(folder.file("echo.so"), 0o666)
        let words = RunningServer.command(folder)
        let result = try Subprocess.run(words[0], Array(words.dropFirst()))
        #expect(result.status == 1)
        #expect(
            result.errors.contains("echo.toml:1:1: plugin: \(folder.file("echo.so")): users other than its owner can"))
    }

    @Test func commandsWithoutAServerRefuseThemToo() throws {
        let folder = try ServerFolder()
        try folder.installEcho()
        try folder.installShout()
        chmod(folder.file("echo.so"), 0o664)
        chmod(folder.file("shout.toml"), 0o664)
        let check = try folder.martlet("plugins", "check", folder.file("echo.so"))
        #expect(check.status == 1)
        #expect(
            check.output.contains("echo.so: refused: users other than its owner can write it (mode 0664): chmod go-w"))
        let show = try folder.martlet("plugins", "show", folder.file("echo.so"))
        #expect(show.status == 1)
        #expect(show.errors.contains("users other than its owner can write it"))
        let list = try folder.martlet("plugins", folder.plugins, "--json")
        let rows = try decodeJSON([PluginRow].self, from: list.output)
        #expect(rows.map { "\($0.listener) \($0.state)" } == ["echo refused", "shout refused", " unused"])
        #expect(rows[0].note.contains("mode 0664") && rows[1].note.contains("mode 0664"))
    }

    /// The process file may have any name, and its problem belongs to no listener. The server must not read the refused folder as an empty
    /// one and stop its listeners.
    @Test func aRefusedProcessFileRefusesAPartialReload() throws {
        let folder = try ServerFolder(processFileName: "production.toml")
        try folder.installEcho()
        let server = try RunningServer(folder)
        chmod(folder.processFile, 0o666)
        let result = try folder.martlet("reload", "--partial", "--control", folder.controlSocket)
        #expect(result.status == 1)
        #expect(
            result.output.contains("\(folder.processFile): users other than its owner can write it"), "\(result.output)"
        )
        #expect(try server.connect().ask("on") == "on")
        #expect(try server.status().listeners.map(\.state) == [.running])
    }

    /// The broken file may have been meant to list trusted_keys. So the constructor of the new plugin, which crashes, must not run, not
    /// even in the probe.
    @Test(arguments: ["trusted_keys = [\"x\"]", "trusted_keys = ["])
    func nothingIsProbedWhileTheProcessFileHasAProblem(text: String) throws {
        let server = try RunningServer.echo()
        try server.folder.installFixture("crashes-in-constructor")
        try server.folder.configure(text)
        let receipt = try server.reload()
        #expect(receipt.isRefused)
        #expect(receipt.entries.map(\.listener) == [""], "\(receipt.entries)")
        #expect(receipt.entries[0].detail.contains("martlet.toml:"))
        let list = try server.folder.martlet("plugins", server.folder.plugins, "--json")
        let rows = try decodeJSON([PluginRow].self, from: list.output)
        #expect(
            rows.map { "\($0.listener) \($0.state)" } == ["crashes-in-constructor refused", "echo refused", " refused"])
        #expect(rows[0].note.hasPrefix("not checked: martlet.toml"), "\(rows[0].note)")
        #expect(rows[2].file.hasSuffix("/martlet.toml"))
    }
}
