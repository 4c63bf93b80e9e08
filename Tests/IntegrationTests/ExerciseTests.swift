import Configuration
import Glibc
import Instances
import PluginHost
import Server
import Testing

/// Plugins that load without problems but misbehave as soon as a peer talks to them. The probe must find this out before the server does.
struct MisbehavingPlugin: Sendable, CustomTestStringConvertible {
    let fixture: String
    /// Part of the reason.
    let reason: String
    var defines: [String: String] = [:]

    var testDescription: String { fixture }

    static let all = [
        MisbehavingPlugin(
            fixture: "crashes-on-a-byte", reason: "crashed (SIGSEGV) in received, with bytes 0 to 255"),
        MisbehavingPlugin(
            fixture: "crashes-in-closed",
            reason: "crashed (SIGABRT) in closed, with line text, byte by byte, then a reset"),
        MisbehavingPlugin(fixture: "crashes-in-save", reason: "crashed (SIGSEGV) in save, when its session moves"),
        MisbehavingPlugin(
            fixture: "crashes-in-release", reason: "crashed (SIGSEGV) in a release function, with line text"),
        MisbehavingPlugin(
            fixture: "restores-garbage", reason: "crashed (SIGSEGV) in received, after the reload"),
        MisbehavingPlugin(fixture: "exits-in-opened", reason: "exited with status 0 in opened"),
        MisbehavingPlugin(fixture: "hangs-in-create", reason: "did not return in time in create"),
        MisbehavingPlugin(
            fixture: "hangs-in-received",
            reason: "did not return in time in received, with line text, byte by byte"),
        MisbehavingPlugin(
            fixture: "consumes-too-much",
            reason: "broke a rule of martlet.h in received, with line text: consumed 63 of 62 bytes",
            defines: ["ALWAYS": "1"]),
        MisbehavingPlugin(
            fixture: "commits-too-much",
            reason: "broke a rule of martlet.h in received, with line text: committed 17 bytes of 16 reserved",
            defines: ["ALWAYS": "1"]),
        MisbehavingPlugin(
            fixture: "changes-lent-memory", reason: "memory lent with write_shared changed before its release"),
        MisbehavingPlugin(fixture: "saves-too-much", reason: "save asked for 65 bytes, then for 66"),
        MisbehavingPlugin(
            fixture: "writes-in-restore",
            reason: "in restore, when its session moves to the next generation: write inside save or restore"),
        MisbehavingPlugin(
            fixture: "turns-for-ever",
            reason: "in received, with line text: goes on for ever without consuming its input"),
    ]
}

@Suite struct ExerciseTests {
    private static let seconds = 2 * Sanitizer.slowness

    private let folder: TemporaryFolder
    private let loader: ImageLoader

    init() throws {
        folder = try TemporaryFolder()
        loader = ImageLoader(
            store: try ImageStore(directory: folder.path + "/images"),
            probe: ImageProbe(executable: BuildFolder.martlet, timeoutMilliseconds: 1_000 * Self.seconds))
    }

    private func exercise(_ file: String, options: OptionValue = .table([])) throws -> ExerciseOutcome {
        let (image, _) = try loader.describe(file, trust: .any)
        return try loader.exercise(image, options: options, file: file)
    }

    @Test(arguments: MisbehavingPlugin.all)
    func refusesAMisbehavingPluginForTheRightReason(_ plugin: MisbehavingPlugin) throws {
        let file = try Fixture.library(plugin.fixture, defines: plugin.defines)
        let refusal = try #require(throws: ImageRefusal.self) { try exercise(file) }
        let reason = refusal.reason.replacing("within \(Self.seconds).0 s", with: "in time")
        #expect(reason.contains(plugin.reason), "\(refusal.reason)")
    }

    /// A plugin may close, pause, refuse and drop connections as it likes: only its own peers are affected.
    @Test(arguments: [
        "consumes-too-much", "commits-too-much", "ignores-full", "never-consumes", "writes-after-close",
        "pauses-for-ever", "refuses-to-open", "holds-on",
    ])
    func acceptsAPluginThatAffectsOnlyItsOwnPeers(_ fixture: String) throws {
        guard case .passed(let report) = try exercise(Fixture.library(fixture)) else {
            Issue.record("exercise \(fixture): it made no instance")
            return
        }
        #expect(report.scripts > 0)
    }

    @Test(arguments: ["EchoPlugin", "HTTPPlugin", "BinaryPlugin"])
    func acceptsThePluginsOfThisRepository(_ name: String) throws {
        let result = try Subprocess.run(
            BuildFolder.martlet, ["plugins", "check", "--json", BuildFolder.plugin(name)])
        #expect(result.status == 0)
        let verdict = try #require(try decodeJSON([Verdict].self, from: result.output).first)
        let report = try #require(verdict.exercise, "\(verdict.notExercised ?? "")")
        print("\(name): \(report.scripts) scripts, \(report.calls) calls, \(report.milliseconds) ms")
        #expect(report.notes == [])
        #expect(report.moved > 0)
    }

    @Test func aListenerCanTurnItOff() throws {
        let folder = try ServerFolder()
        try folder.installFixture("crashes-on-a-byte")
        let refused = try folder.martlet("config", "check", folder.plugins)
        #expect(refused.status == 1)
        #expect(
            refused.errors.contains("if that cannot happen outside the probe, set exercise = false"), "\(refused)")
        try folder.listen("crashes-on-a-byte", plugin: "crashes-on-a-byte.so", "exercise = false")
        #expect(try folder.martlet("config", "check", folder.plugins).status == 0)
    }

    @Test func onlyLoadsAPluginThatNeedsAnOption() throws {
        let result = try Subprocess.run(
            BuildFolder.martlet, ["plugins", "check", try Fixture.library("needs-an-option")])
        #expect(result.status == 0)
        #expect(result.output.contains("only loaded, not exercised: options.colour: required, but missing"))
    }

    /// The output of `martlet plugins check --json`.
    private struct Verdict: Decodable {
        var exercise: ExerciseReport?
        var notExercised: String?
    }

    @Test func cutsThePluginOffFromFiles() throws {
        guard case .notCreated(let failure) = try exercise(Fixture.library("writes-a-file")) else {
            Issue.record("it wrote a file")
            return
        }
        #expect(failure.problems.first?.message.hasPrefix("file: File too large") == true)
        #expect(failure.hindrances.first == "writing files")
    }

    @Test(.enabled(if: geteuid() == 0, "only root can cut the network off"))
    func rootCutsThePluginOffFromTheNetworkToo() throws {
        guard case .notCreated(let failure) = try exercise(Fixture.library("writes-a-file")) else {
            Issue.record("it wrote a file")
            return
        }
        #expect(failure.problems.first?.message == "file: File too large, network: Network is unreachable")
        #expect(failure.hindrances == ["writing files", "the network"])
    }

    @Test func aPluginThatFailsOnlyInTheProbeIsNotedAndServed() throws {
        let folder = try ServerFolder()
        try folder.installFixture("writes-a-file")
        let check = try folder.martlet("config", "check", folder.plugins)
        #expect(check.status == 0, "\(check.errors)")
        #expect(check.output.contains("writes-a-file: ok: minimal 1.0.0"))
        let note = "not exercised: it made no instance in the probe, which kept it from writing files"
        #expect(
            check.output.contains("note: \(folder.plugins)/writes-a-file.toml:1:1: plugin: \(note)"), "\(check.output)")
        let json = try folder.martlet("config", "check", folder.plugins, "--json")
        #expect(json.status == 0)
        #expect(json.output.contains("\"notes\" : [") && json.output.contains(note), "\(json.output)")
        let server = try RunningServer(folder)
        #expect(try server.row("writes-a-file").state == .running)
        try waitUntil("the log has the note") { server.log.contains(note) }
    }

    @Test func aPluginThatRefusesItsOptionsIsRefusedByCheckAndServe() throws {
        let folder = try ServerFolder()
        try folder.installFixture("refuses-options", "[options]\ncolour = \"blue\"")
        let check = try folder.martlet("config", "check", folder.plugins)
        let words = RunningServer.command(folder)
        let serve = try Subprocess.run(words[0], Array(words.dropFirst()))
        #expect(check.status == 1 && serve.status == 1)
        #expect(
            check.errors.split(separator: "\n").first
                == serve.errors.split(separator: "\n").first {
                    $0.hasPrefix("martlet: ") && $0.contains("options.colour")
                })
    }
}

/// The loader caches results and does not repeat an exercise.
extension ExerciseTests {
    @Test func exercisesTheSameContentAndOptionsOnce() throws {
        let file = try Fixture.library("holds-on")
        let first = try exercise(file)
        #expect(try exercise(file) == first)
        #expect(loader.exerciseCounts == CacheCounts(hits: 1, misses: 1))
        let option = OptionValue.Item(key: "other", value: .boolean(true), line: 3, column: 1)
        _ = try exercise(file, options: .table([option]))
        #expect(loader.exerciseCounts == CacheCounts(hits: 1, misses: 2))
    }

    @Test func remembersThatAPluginCrashed() throws {
        let file = try Fixture.library("crashes-in-closed")
        let reasons = (0..<2).map { _ in #expect(throws: ImageRefusal.self) { try exercise(file) }?.reason }
        #expect(reasons[0] == reasons[1])
        #expect(loader.exerciseCounts == CacheCounts(hits: 1, misses: 1))
    }

    @Test func triesAgainAfterATimeout() throws {
        let file = try Fixture.library("hangs-in-create")
        for _ in 0..<2 { #expect(throws: ImageRefusal.self) { try exercise(file) } }
        #expect(loader.exerciseCounts == CacheCounts(hits: 0, misses: 2))
    }

    @Test func aReloadRefusesThePluginAndTheServerContinues() throws {
        let server = try RunningServer.echo()
        let peer = try server.connect()
        try server.folder.installFixture("crashes-on-a-byte")
        let receipt = try server.reload()
        let entry = try #require(receipt.entries.first)
        #expect(entry.detail.contains("crashes-on-a-byte.toml:1:"), "\(entry.detail)")
        #expect(entry.detail.contains("crashed (SIGSEGV) in received, with bytes 0 to 255"), "\(entry.detail)")
        #expect(try peer.ask("still here") == "still here")
        let again = try server.reload()
        #expect(again.entries == receipt.entries, "expected the same reason from the cache")
    }

    @Test func configCheckTriesThePluginWithTheOptionsOfItsListener() throws {
        let folder = try ServerFolder()
        try folder.installFixture("refuses-options", "[options]\ncolour = \"blue\"")
        try folder.installFixture("crashes-in-closed")
        let result = try folder.martlet("config", "check", folder.plugins)
        #expect(result.status == 1)
        #expect(result.errors.contains("refuses-options.toml:4:1: options.colour: there is no such colour"))
        #expect(result.errors.contains("crashed (SIGABRT) in closed"))
    }
}

/// What a later server knows of what an earlier one has tried.
extension ExerciseTests {
    /// As a server that starts with what is in the folder.
    private func laterLoader(executable: String = BuildFolder.martlet) throws -> ImageLoader {
        ImageLoader(
            store: try ImageStore(directory: folder.path + "/images"),
            probe: ImageProbe(executable: BuildFolder.martlet, timeoutMilliseconds: 1_000 * Self.seconds),
            verdicts: VerdictFile(directory: folder.path, executable: executable))
    }

    private func probe(_ file: String, _ loader: ImageLoader, options: OptionValue = .table([])) throws -> CacheCounts {
        let (image, _) = try loader.describe(file, trust: .any)
        _ = try loader.exercise(image, options: options, file: file)
        try loader.saveVerdicts()
        return loader.exerciseCounts
    }

    @Test func aLaterServerDoesNotProbeTheSameContentWithTheSameOptionsAgain() throws {
        let file = try Fixture.library("holds-on")
        #expect(try probe(file, laterLoader()) == CacheCounts(hits: 0, misses: 1))
        let later = try laterLoader()
        #expect(try probe(file, later) == CacheCounts(hits: 1, misses: 0))
        #expect(later.descriptionCounts == CacheCounts(hits: 1, misses: 0))
        let option = OptionValue.Item(key: "other", value: .boolean(true), line: 3, column: 1)
        #expect(try probe(file, laterLoader(), options: .table([option])) == CacheCounts(hits: 0, misses: 1))
        #expect(try probe(file, laterLoader(), options: .table([option])) == CacheCounts(hits: 1, misses: 0))
        let other = try Fixture.library("never-consumes")
        #expect(try probe(other, laterLoader()) == CacheCounts(hits: 0, misses: 1))
    }

    @Test func anotherProgramProbesAgain() throws {
        let file = try Fixture.library("holds-on")
        _ = try probe(file, laterLoader())
        #expect(try probe(file, laterLoader(executable: "/bin/sh")) == CacheCounts(hits: 0, misses: 1))
    }

    @Test func aRefusalIsNotKeptForALaterServer() throws {
        let file = try Fixture.library("crashes-in-closed")
        for _ in 0..<2 {
            let loader = try laterLoader()
            #expect(throws: ImageRefusal.self) { try probe(file, loader) }
            try loader.saveVerdicts()
            #expect(loader.exerciseCounts == CacheCounts(hits: 0, misses: 1))
        }
    }

    @Test(arguments: [
        "", "{", "{\"format\":1}", "[1, 2, 3]", "{\"format\":9,\"host\":\"\",\"descriptions\":[],\"exercises\":[]}",
    ])
    func aDamagedFileOfVerdictsIsTakenForAnEmptyOne(_ text: String) throws {
        try Files.replace(folder.path + "/verdicts.json", with: Array(text.utf8), mode: 0o600)
        let file = try Fixture.library("holds-on")
        #expect(try probe(file, laterLoader()) == CacheCounts(hits: 0, misses: 1))
        #expect(try probe(file, laterLoader()) == CacheCounts(hits: 1, misses: 0), "and replaced")
    }

    /// Whoever can write the file could get a plugin past the probe.
    @Test func aFileOfVerdictsThatOthersCanWriteIsNotUsed() throws {
        let file = try Fixture.library("holds-on")
        _ = try probe(file, laterLoader())
        #expect(chmod(folder.path + "/verdicts.json", 0o666) == 0)
        #expect(try probe(file, laterLoader()) == CacheCounts(hits: 0, misses: 1))
    }

    @Test func aRestartedServerServesWithoutProbing() throws {
        let folder = try ServerFolder()
        try folder.installEcho()
        var server = try RunningServer(folder)
        #expect(try server.connect().ask("first") == "first")
        #expect(try server.stop() == 0)
        let verdicts = folder.state + "/verdicts.json"
        let text = try Files.text(verdicts)
        #expect(text.contains("\"echo\""))
        // With a probe that cannot run.
        try folder.configure("probe_memory = \"64MiB\"")
        server = try RunningServer(folder)
        #expect(try server.connect().ask("second") == "second")
        #expect(try Files.text(verdicts) == text)
    }
}
