import Glibc
import Synchronization
import Testing

@testable import Configuration

struct ConfigurationFolderTests {
    let folder = TemporaryFolder()

    private func load(_ processFile: ConfigurationFolder.ProcessFile = .none) -> LoadedConfiguration {
        ConfigurationFolder.load(directory: folder.path, processFile: processFile, parser: .inProcess)
    }

    /// Diagnostics without the folder's random name.
    private func problems(_ loaded: LoadedConfiguration) -> [String] {
        loaded.diagnostics.map { $0.description.replacing(folder.path, with: "plugins.d") }
    }

    @Test func anEmptyFolderIsFine() {
        let loaded = load()
        #expect(loaded.isValid)
        #expect(loaded.listeners.isEmpty)
        #expect(loaded.process == .builtIn)
    }

    @Test func aMissingFolderIsAProblem() {
        let missing = ConfigurationFolder.load(
            directory: "/nonexistent/plugins.d", processFile: .none, parser: .inProcess)
        #expect(missing.diagnostics.map(\.description) == ["/nonexistent/plugins.d: no such directory"])
        let file = ConfigurationFolder.load(directory: "/etc/passwd", processFile: .none, parser: .inProcess)
        #expect(file.diagnostics.map(\.description) == ["/etc/passwd: expected a directory, found a file"])
    }

    @Test func readsListenersByNameAndIgnoresTheRest() {
        folder.write("z.toml", "plugin = 'z.so'\nlisten = '*:0'")
        folder.write("a.b-c_1.toml", "plugin = 'a.so'\nlisten = '*:0'")
        for name in ["http.so", ".hidden.toml", "a.toml~", "a~.toml", "README", ".toml"] { folder.write(name, "[") }
        let loaded = load()
        #expect(problems(loaded) == [])
        #expect(loaded.listeners.map(\.name) == ["a.b-c_1", "z"])
        #expect(loaded.listeners[0].plugin == folder.path + "/a.so")
        #expect(loaded.listeners[0].file == folder.path + "/a.b-c_1.toml")
    }

    @Test func keepsTheGoodListenersBesideTheBad() throws {
        folder.write("a.toml", "plugin = 'a.so'\nlisten = '*:1'")
        folder.write("b.toml", "plugin = 1\nlisten = '*:2'")
        folder.write("c d.toml", "plugin = 'a.so'\nlisten = '*:3'")
        folder.write(String(repeating: "n", count: 65) + ".toml", "plugin = 'a.so'\nlisten = '*:4'")
        folder.write("e.toml", [0x61, 0x00])
        folder.write("f.toml", [UInt8](repeating: UInt8(ascii: "#"), count: 1 << 20 + 1))
        folder.write("g.toml", [UInt8](repeating: UInt8(ascii: "#"), count: 1 << 20))
        symlink("gone", folder.path + "/h.toml")
        mkdir(folder.path + "/i.toml", 0o700)
        mkfifo(folder.path + "/j.toml", 0o600)
        let loaded = load()
        #expect(loaded.listeners.map(\.name) == ["a"])
        #expect(
            problems(loaded) == [
                "plugins.d/b.toml:1:1: plugin: expected a path, found the integer 1",
                "plugins.d/c d.toml: expected a name of letters, digits, -, _ and ., found \"c d\"",
                "plugins.d/e.toml:1:2: expected text, found a NUL byte",
                "plugins.d/f.toml: expected at most 1MiB, found a larger file",
                "plugins.d/g.toml:1:1: plugin: required, but missing; expected a path",
                "plugins.d/g.toml:1:1: listen: required, but missing; expected a text or a list of texts or tables",
                "plugins.d/h.toml: is a symbolic link to a file that does not exist",
                "plugins.d/i.toml: expected a file, found a directory",
                "plugins.d/j.toml: expected a regular file, found a device, a pipe or a socket",
                "plugins.d/\(String(repeating: "n", count: 65)).toml: expected a name of at most 64 bytes, found 65",
            ])
    }

    @Test func refusesTheLaterOfTwoListenersOnOneAddress() {
        folder.write("a.toml", "plugin = 'a.so'\nlisten = ['127.0.0.1:80', '0.0.0.0:0', 'unix:@x']")
        folder.write("b.toml", "plugin = 'a.so'\nenabled = false\nlisten = '*:80'")
        folder.write("c.toml", "plugin = 'a.so'\nlisten = '*:80'")
        folder.write("d.toml", "plugin = 'a.so'\nlisten = [\n '[::1]:80',\n 'unix:@x']")
        folder.write("e.toml", "plugin = 'a.so'\nlisten = '0.0.0.0:0'")
        let loaded = load()
        #expect(loaded.listeners.map(\.name) == ["a", "b", "e"])
        #expect(
            problems(loaded) == [
                "plugins.d/c.toml:2:1: listen: \"*:80\" overlaps \"127.0.0.1:80\" of plugins.d/a.toml:2:11",
                "plugins.d/d.toml:4:2: listen[1]: \"unix:@x\" overlaps \"unix:@x\" of plugins.d/a.toml:2:40",
            ])
    }

    @Test func namesThePlacesOfAddressesInTables() {
        folder.write("martlet.conf", "metrics_listen = '127.0.0.1:9'")
        folder.write("a.toml", "plugin = 'a.so'\nlisten = [{name = 'x', address = '127.0.0.1:80'}]")
        folder.write(
            "b.toml", "plugin = 'a.so'\n[[listen]]\naddress = '*:81'\n[[listen]]\nname = 'x'\n address = '*:80'")
        folder.write("c.toml", "plugin = 'a.so'\n[[listen]]\naddress = '*:9'")
        #expect(
            problems(load(.required(folder.path + "/martlet.conf"))) == [
                "plugins.d/b.toml:6:2: listen[1].address: \"*:80\" overlaps \"127.0.0.1:80\" of plugins.d/a.toml:2:24",
                "plugins.d/c.toml:3:1: listen[0].address: \"*:9\" overlaps \"127.0.0.1:9\" of metrics_listen at "
                    + "plugins.d/martlet.conf:1:1",
            ])
    }

    @Test func refusesUsersInADatabaseThatIsNotThere() {
        folder.write("a.toml", "plugin = 'a.so'\nlisten = '*:0'\nusers = 'peolpe'")
        folder.write("b.toml", "plugin = 'a.so'\nlisten = '*:0'\nusers = 'people'")
        folder.write("c.toml", "plugin = 'a.so'\nlisten = '*:0'\nusers = 'other'")
        folder.write("d.toml", "plugin = 'a.so'\nlisten = '*:0'\nusers = 'other'\nenabled = false")
        func problems(_ text: String) -> [String] {
            folder.write("martlet.conf", text)
            return self.problems(load(.required(folder.path + "/martlet.conf")))
        }
        func problem(_ file: String, _ name: String, _ hint: String) -> String {
            "plugins.d/\(file).toml:3:1: users: no database has the name \"\(name)\": \(hint)"
        }
        let none = "martlet.toml has no table [databases.NAME]"
        #expect(
            problems("loops = 1") == [
                problem("a", "peolpe", none), problem("b", "people", none), problem("c", "other", none),
            ])
        #expect(
            problems("[databases.people]\nurl = 'sqlite:p.db'\n[databases.main]\nurl = 'sqlite:m.db'") == [
                problem("a", "peolpe", "did you mean \"people\"?"),
                problem("c", "other", "there are \"main\", \"people\""),
            ])
        // What is wrong in the process file comes first.
        for bad in ["[databases.people]\nurl = 'nonsense'", "[databases.people"] {
            let found = problems(bad)
            #expect(!found.isEmpty && found.allSatisfy { !$0.contains("users") })
        }
    }

    @Test func refusesAListenerOnTheAddressOfTheMetrics() {
        folder.write("martlet.conf", "loops = 1\n metrics_listen = '127.0.0.1:80'")
        folder.write("a.toml", "plugin = 'a.so'\nlisten = ['*:81', '127.0.0.1:80']")
        folder.write("b.toml", "plugin = 'a.so'\nenabled = false\nlisten = '*:80'")
        folder.write("c.toml", "plugin = 'a.so'\nlisten = '*:80'")
        let loaded = load(.required(folder.path + "/martlet.conf"))
        #expect(loaded.listeners.map(\.name) == ["b"])
        let metrics = "overlaps \"127.0.0.1:80\" of metrics_listen at plugins.d/martlet.conf:2:2"
        #expect(
            problems(loaded) == [
                "plugins.d/a.toml:2:19: listen[1]: \"127.0.0.1:80\" \(metrics)",
                "plugins.d/c.toml:2:1: listen: \"*:80\" \(metrics)",
            ])
    }

    @Test func readsTheProcessFileWhenItIsThere() {
        let file = folder.path + "/martlet.conf"
        #expect(load(.ifPresent(file)).isValid)
        #expect(problems(load(.required(file))) == ["plugins.d/martlet.conf: no such file"])
        folder.write("martlet.conf", "workers = 9\nruntime_directory = 'run'\n[defaults.limits]\nconnections = 5")
        folder.write("a.toml", "plugin = 'a.so'\nlisten = '*:0'")
        let loaded = load(.ifPresent(file))
        #expect(problems(loaded) == [])
        #expect(loaded.process.workers == 9)
        #expect(loaded.process.runtimeDirectory == folder.path + "/run")
        #expect(loaded.listeners.first?.limits.connections == 5)
    }

    @Test func aProcessFileWithAProblemStillLeavesListeners() {
        folder.write("martlet.conf", "workers = 0\nloops = 3\n= 1")
        folder.write("a.toml", "plugin = 'a.so'\nlisten = '*:0'")
        let broken = load(.required(folder.path + "/martlet.conf"))
        #expect(broken.process == .builtIn)
        #expect(broken.diagnostics.count == 1)
        #expect(broken.listeners.count == 1)
        folder.write("martlet.conf", "workers = 0\nloops = 3")
        let wrong = load(.required(folder.path + "/martlet.conf"))
        #expect(wrong.process.loops == 3)
        #expect(wrong.process.workers == 16)
        #expect(wrong.diagnostics.count == 1)
    }

    @Test func makesRelativeFoldersAbsolute() throws {
        let working = try #require(getcwd(nil, 0))
        defer { free(working) }
        #expect(FilePath.absolute("./plugins.d/") == String(cString: working) + "/plugins.d")
        #expect(FilePath.absolute("../x", in: "/a/./b//") == "/a/b/../x")
        #expect(FilePath.folder(of: "martlet.toml") == ".")
        #expect(FilePath.folder(of: "/martlet.toml") == "/")
        #expect(FilePath.folder(of: "a/b.toml") == "a")
    }

    @Test func parsesChangedFilesTogether() {
        let calls = Mutex<[[String]]>([])
        let parser = TOMLParser { texts in
            calls.withLock { $0.append(texts.map { String($0.file.split(separator: "/").last ?? "") }) }
            return TOMLParser.inProcess.parse(texts)
        }
        var loaded: LoadedConfiguration?
        func load() {
            loaded = ConfigurationFolder.load(
                directory: folder.path, processFile: .required(folder.path + "/martlet.conf"), previous: loaded,
                parser: parser)
        }
        folder.write("martlet.conf", "workers = 2")
        folder.write("a.toml", "plugin = 'a.so'\nlisten = '*:0'")
        folder.write("b.toml", "plugin = 'b.so'\nlisten = '*:0'")
        load()
        load()
        folder.write("b.toml", "plugin = 'b.so'\nlisten = '*:0' # new")
        load()
        #expect(calls.withLock { $0 } == [["martlet.conf", "a.toml", "b.toml"], ["b.toml"]])
    }

    @Test func reusesUnchangedFilesOfThePreviousLoad() {
        folder.write("a.toml", "plugin = 'a.so'\nlisten = '*:0'")
        folder.write("b.toml", "plugin = 'b.so'\nlisten = '*:0'")
        let first = load()
        folder.write("b.toml", "plugin = 'c.so'\nlisten = '*:0'")
        let second = ConfigurationFolder.load(
            directory: folder.path, processFile: .none, previous: first, parser: .inProcess)
        #expect(second.listeners[0] == first.listeners[0])
        #expect(second.listeners[1].plugin == folder.path + "/c.so")
        folder.write("b.toml", "plugin = 'b.so'\nlisten = '*:0'")
        #expect(
            ConfigurationFolder.load(directory: folder.path, processFile: .none, previous: second, parser: .inProcess)
                .listeners
                == first.listeners)
    }

    @Test func readsTheFilesOfTheSystemWithoutATrap() {
        for file in ["/dev/null", "/proc/self/mem", "/proc/self/maps", "/dev/zero", "/", "/bin/sh", "", "/etc/passwd"] {
            #expect(!load(.required(file)).isValid, "\(file)")
        }
    }
}
