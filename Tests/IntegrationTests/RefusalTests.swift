import Glibc
import Instances
import PluginHost
import Server
import Testing

/// Plugin files that must not get into a running server, and the reasons for which the server refuses them.
struct BadPlugin: Sendable, CustomTestStringConvertible {
    let fixture: String
    /// Part of the reason.
    let reason: String
    /// `plugins check` accepts the file, because it creates no instance.
    var onlyWhenCreated = false
    /// Skipped under a sanitizer: it reserves terabytes of address space, so that limit is off (Tests/Sanitizers/preload.c), and the exit
    /// status may be the sanitizer's.
    var skipsSanitizers = false

    var testDescription: String { fixture }

    /// The probe's time limit in seconds.
    static let patience = 2.0 * Double(Sanitizer.slowness)

    static let all = [
        BadPlugin(
            fixture: "crashes-in-constructor", reason: "crashed (SIGSEGV) while it was loaded (in a constructor)"),
        BadPlugin(
            fixture: "exits-in-constructor", reason: "exited with status 7 while it was loaded",
            skipsSanitizers: true),
        BadPlugin(
            fixture: "allocates-in-constructor", reason: "crashed (SIGSEGV) while it was loaded", skipsSanitizers: true
        ),
        BadPlugin(
            fixture: "hangs-in-constructor", reason: "did not return within \(BadPlugin.patience) s while it was loaded"
        ),
        BadPlugin(fixture: "closes-descriptors-in-constructor", reason: "(SIGKILL) while it was loaded"),
        BadPlugin(fixture: "crashes-in-entry", reason: "crashed (SIGABRT) in martlet_plugin_entry"),
        BadPlugin(
            fixture: "hangs-in-entry", reason: "did not return within \(BadPlugin.patience) s in martlet_plugin_entry"),
        BadPlugin(fixture: "returns-no-descriptor", reason: "its entry function returned no descriptor"),
        BadPlugin(fixture: "wrong-major", reason: "built for plugin ABI 2.0, this host speaks 1.0"),
        BadPlugin(fixture: "small-descriptor", reason: "its descriptor states a size of"),
        BadPlugin(fixture: "lacks-received", reason: "its descriptor lacks the function \"received\""),
        BadPlugin(fixture: "lacks-symbol", reason: "not a plugin: it does not export martlet_plugin_entry"),
        BadPlugin(fixture: "needs-extension", reason: "needs the host extension martlet.time-travel/1"),
        BadPlugin(fixture: "bad-name", reason: "its name \"../shout\" is not valid"),
        BadPlugin(fixture: "undefined-symbol", reason: "undefined symbol: function_that_nobody_has"),
        BadPlugin(fixture: "bad-schema", reason: "its option schema is wrong: "),
        BadPlugin(
            fixture: "bad-signature",
            reason:
                "operation \"measure\" cannot be called: signature \"i64(float)\": unknown type \"float\" (expected one of"
        ),
        BadPlugin(
            fixture: "operation-without-function",
            reason: "operation \"measure\": its function is NULL or does not point to code"),
        BadPlugin(
            fixture: "refuses-options", reason: "options.colour: there is no such colour", onlyWhenCreated: true),
        BadPlugin(fixture: "fails-to-create", reason: "create returned -6", onlyWhenCreated: true),
        BadPlugin(fixture: "fails-on-second-loop", reason: "loop_start failed on loop 1", onlyWhenCreated: true),
    ].filter { !($0.skipsSanitizers && Sanitizer.isOn) }
}

@Suite(.serialized) struct RefusalTests {
    private static func server() throws -> RunningServer {
        try RunningServer.echo(
            process: "probe_timeout = \"\(Int(BadPlugin.patience * 1_000))ms\"\nprobe_memory = \"256MiB\"")
    }

    /// One server gets them all, so that traces of one plugin would show when the next one is loaded.
    @Test func aReloadRefusesEachBadPluginAndChangesNothing() throws {
        let server = try Self.server()
        let peer = try server.connect()
        // Wait until it is accepted, not only connected.
        #expect(try peer.ask("before") == "before")
        let before = try server.status()
        for bad in BadPlugin.all {
            try server.folder.installFixture(bad.fixture)
            let receipt = try server.reload()
            #expect(receipt.isRefused, "\(bad.fixture)")
            let entry = try #require(receipt.entries.first, "\(bad.fixture)")
            #expect(entry.listener == bad.fixture)
            #expect(entry.detail.contains(bad.reason), "\(bad.fixture): \(entry.detail)")
            #expect(entry.detail.contains("\(bad.fixture).toml:1:"), "expected file and line: \(entry.detail)")
            try expectUntouched(server, since: before, peer, bad.fixture)
            try server.folder.remove(bad.fixture + ".so")
            try server.folder.remove(bad.fixture + ".toml")
        }
        #expect(try server.reload().isRefused == false)
    }

    private func expectUntouched(
        _ server: RunningServer, since before: StatusReport, _ peer: Peer, _ what: String
    ) throws {
        let now = try server.status()
        #expect(now.pid == before.pid)
        #expect(now.listeners.map(\.name) == ["echo"], "\(what)")
        #expect(now.listeners[0].generations.map(\.generation) == [1], "\(what)")
        #expect(now.listeners[0].addresses == before.listeners[0].addresses, "\(what)")
        // The server may close the descriptor of the last request a moment after its answer.
        try waitUntil("\(what) has left no descriptor") {
            try server.status().fileDescriptors <= before.fileDescriptors
        }
        #expect(try peer.ask(what) == what)
        #expect(try server.connect().ask(what) == what)
    }

    @Test func reloadOnTheCommandLineExitsWithOneAndPrintsTheReason() throws {
        let server = try Self.server()
        try server.folder.installFixture("wrong-major")
        let result = try server.folder.martlet("reload")
        #expect(result.status == 1)
        #expect(result.output.contains("built for plugin ABI 2.0, this host speaks 1.0"))
        #expect(result.output.contains("nothing has changed"))
    }

    @Test func theServerDoesNotStartWithABadPlugin() throws {
        let folder = try ServerFolder()
        try folder.installFixture("crashes-in-entry")
        let process = try Subprocess(RunningServer.command(folder)[0], Array(RunningServer.command(folder).dropFirst()))
        let result = try process.wait()
        #expect(result.status == 1)
        #expect(result.errors.contains("crashes-in-entry.toml:1:"))
        #expect(result.errors.contains("crashed (SIGABRT)"))
    }

    /// Takes ten seconds: two plugins hang, and `plugins check` gives each of them the standard five seconds.
    @Test func pluginsCheckRefusesEachBadPluginWithoutAServer() throws {
        let files = try BadPlugin.all.map { try Fixture.library($0.fixture) }
        let result = try Subprocess.run(BuildFolder.martlet, ["plugins", "check", "--json"] + files)
        #expect(result.status == 1)
        let verdicts = try decodeJSON([Verdict].self, from: result.output)
        try #require(verdicts.count == BadPlugin.all.count)
        for (bad, verdict) in zip(BadPlugin.all, verdicts) {
            #expect(verdict.accepted == bad.onlyWhenCreated, "\(bad.fixture)")
            if bad.onlyWhenCreated { continue }
            let reason = bad.reason.replacing("\(BadPlugin.patience) s", with: "5.0 s")
            #expect(verdict.reason?.contains(reason) == true, "\(bad.fixture): \(verdict.reason ?? "")")
        }
    }

    /// The output of `martlet plugins check --json`.
    private struct Verdict: Decodable {
        var accepted: Bool
        var reason: String?
    }

    @Test func aProcessForkedInAConstructorIsKilledWithTheProbe() throws {
        let server = try Self.server()
        let name = "left-\(getpid())"
        let library = try Fixture.library("forks-in-constructor", defines: ["CHILD_NAME": "\"\(name)\""])
        let result = try Subprocess.run(BuildFolder.martlet, ["plugins", "check", library])
        #expect(result.status == 0)
        try waitUntil("no process \(name) is left") { Processes.named(name).isEmpty }
        #expect(try server.connect().ask("there") == "there")
    }
}
