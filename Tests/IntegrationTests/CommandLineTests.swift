import Instances
import PluginHost
import Server
import Testing

/// The real command line: its JSON output and its exit statuses.
@Suite struct CommandLineTests {
    @Test func everyReportIsAvailableAsJSON() throws {
        let server = try RunningServer.echo()
        let status = try server.folder.martlet("status", "--json")
        #expect(status.status == 0)
        #expect(try decodeJSON(StatusReport.self, from: status.output).pid == server.process.pid)
        let plugins = try server.folder.martlet("plugins", "--json")
        #expect(try decodeJSON([PluginRow].self, from: plugins.output).map(\.name) == ["echo"])
        let receipt = try server.folder.martlet("reload", "--json")
        #expect(try decodeJSON(Receipt.self, from: receipt.output).entries.map(\.outcome) == [.unchanged])
        let shown = try server.folder.martlet("plugins", "show", "echo", "--json")
        #expect(try decodeJSON(PluginDescription.self, from: shown.output).version == "1.0.0")
        for command in ["status", "plugins", "reload"] {
            let plain = try server.folder.martlet(command)
            #expect(plain.status == 0)
            #expect(plain.output.contains("echo"), "\(command)")
        }
    }

    @Test func theStartIsAnnouncedWithThePortAndAnExample() throws {
        let server = try RunningServer.echo()
        let port = try server.address().port
        try waitUntil("the start is announced") { server.process.output.contains("nc -q1 localhost \(port)") }
        #expect(server.process.output.contains("2 event loops"))
    }

    @Test func anUnknownCommandOrOptionExitsWith64() throws {
        for words in [["fly"], ["status", "--loudly"], ["plugins", "check"]] {
            #expect(try Subprocess.run(BuildFolder.martlet, words).status == 64, "\(words)")
        }
    }

    @Test func withoutAServerTheExitStatusIsThree() throws {
        let folder = try ServerFolder()
        for command in ["status", "plugins", "reload"] {
            let result = try folder.martlet(command)
            #expect(result.status == 3, "\(command)")
            #expect(result.errors.contains("no server runs at \(folder.controlSocket)"))
        }
    }

    @Test func pluginsInspectsAFolderWithoutAServer() throws {
        let folder = try ServerFolder()
        try folder.installEcho()
        try folder.installFixture("wrong-major")
        try folder.install(Fixture.library("shout"), as: "spare.so")
        let result = try folder.martlet("plugins", folder.plugins, "--json")
        #expect(result.status == 0)
        let rows = try decodeJSON([PluginRow].self, from: result.output)
        #expect(rows.map { "\($0.listener) \($0.state)" } == ["echo ready", "wrong-major refused", " unused"])
        #expect(rows[1].note.contains("plugin ABI 2.0"))
        #expect(rows[2].name == "shout")
    }

    @Test func pluginsShowPrintsOptionsAndExtensionsOfAFile() throws {
        let library = try Fixture.library("shout")
        let result = try Subprocess.run(BuildFolder.martlet, ["plugins", "show", library])
        #expect(result.status == 0)
        for part in [
            "shout 1.0.0", "unloadable  yes", "shout.loudness/1", "martlet.host-info/1", "idle  (", "prefix  (",
        ] {
            #expect(result.output.contains(part), "\(part) in: \(result.output)")
        }
    }

    @Test func pluginsShowSuggestsTheNearestName() throws {
        let server = try RunningServer.echo()
        let result = try server.folder.martlet("plugins", "show", "ecko")
        #expect(result.status == 1)
        #expect(result.errors.contains("did you mean echo?"))
    }

    @Test func configCheckAcceptsAGoodFolder() throws {
        let folder = try ServerFolder()
        try folder.installEcho()
        try folder.installShout()
        let result = try folder.martlet("config", "check", folder.plugins)
        #expect(result.status == 0)
        #expect(result.output.contains("echo: ok: echo 1.0.0 on 127.0.0.1:0"))
        let json = try folder.martlet("config", "check", folder.plugins, "--json")
        #expect(try decodeJSON(CheckReport.self, from: json.output).valid)
    }

    @Test func configCheckNamesFileLineAndKeyOfEachProblem() throws {
        let folder = try ServerFolder()
        try folder.installEcho(on: ["127.0.0.1:0"], "[limits]\nidle_timeout = \"soon\"")
        try folder.installShout("[options]\nprefiks = \"x\"")
        let result = try folder.martlet("config", "check", folder.plugins)
        #expect(result.status == 1)
        #expect(result.errors.contains("echo.toml:4:1: limits.idle_timeout:"), "\(result.errors)")
        #expect(result.errors.contains("shout.toml:4:") && result.errors.contains("prefix"), "\(result.errors)")
        let json = try folder.martlet("config", "check", folder.plugins, "--json")
        #expect(json.status == 1)
        let report = try decodeJSON(CheckReport.self, from: json.output)
        #expect(!report.valid && report.problems.count == 2)
    }

    /// The output of `martlet config check --json`.
    private struct CheckReport: Decodable {
        struct Problem: Decodable {
            var file: String
            var line: Int?
        }
        var valid: Bool
        var problems: [Problem]
    }

    @Test func benchEchoReportsACleanRun() throws {
        let server = try RunningServer.echo()
        let address = try server.address().text
        let result = try Subprocess.run(
            BuildFolder.martlet, ["bench", "echo", "--address", address, "--seconds", "0.3", "--connections", "4"])
        #expect(result.status == 0)
        #expect(result.output.contains("0 altered, 0 cut short, 0 reset"))
    }
}
