import Addresses
import Configuration
import Glibc
import Testing

@testable import Server

@Suite struct ReloadPlanTests {
    /// Listeners as the configuration reads them, because there is no other way to make one.
    private func states(_ files: [String: String], hash: String = "a") throws -> [ListenerState] {
        var template = Array("/tmp/martlet-test-XXXXXX".utf8CString)
        let made = try #require(mkdtemp(&template))
        let folder = String(cString: made)
        defer { rmdir(folder) }
        for (name, text) in files {
            let path = "\(folder)/\(name).toml"
            let descriptor = open(path, O_WRONLY | O_CREAT, 0o600)
            _ = write(descriptor, text, text.utf8.count)
            close(descriptor)
        }
        defer { for name in files.keys { unlink("\(folder)/\(name).toml") } }
        let loaded = ConfigurationFolder.load(directory: folder, processFile: .none, parser: .inProcess)
        #expect(loaded.diagnostics == [])
        return loaded.listeners.map {
            var configuration = $0
            configuration.folder = "/plugins.d"
            configuration.plugin = "/plugins.d/x.so"
            return ListenerState(name: $0.name, hash: hash, configuration: configuration)
        }
    }

    private func change(from old: [ListenerState], to new: [ListenerState]) -> [ListenerChange] {
        ReloadPlan(running: old, wanted: new).steps.map(\.change)
    }

    private let base = "plugin = \"x.so\"\nlisten = \"127.0.0.1:1\"\n"

    private func blocked(
        _ steps: [(String, ListenerChange)], running: [String: String], wanted: [String: String]
    ) throws -> [String] {
        ReloadPlan.blocked(
            steps.map { ReloadPlan.Step(listener: $0.0, change: $0.1) },
            running: try running.mapValues { [try ListenAddress(parsing: $0)] },
            wanted: try wanted.mapValues { [try ListenAddress(parsing: $0)] }
        ).map { "\($0.listener) by \($0.holder)" }
    }

    @Test func addressesThatAreClosedBlockNoListener() throws {
        let swapped = ["a": "127.0.0.1:2", "b": "127.0.0.1:1"]
        let running = ["a": "127.0.0.1:1", "b": "127.0.0.1:2"]
        #expect(try blocked([("a", .move), ("b", .move)], running: running, wanted: swapped) == [])
        #expect(try blocked([("a", .stop), ("b", .move)], running: running, wanted: ["b": "127.0.0.1:1"]) == [])
    }

    @Test func anAddressThatARefusedListenerKeepsBlocksOthers() throws {
        let running = ["a": "127.0.0.1:1", "b": "127.0.0.1:2"]
        #expect(try blocked([("b", .swap)], running: running, wanted: ["b": "127.0.0.1:1"]) == ["b by a"])
        #expect(try blocked([("c", .start)], running: running, wanted: ["c": "*:1"]) == ["c by a"])
        #expect(try blocked([("a", .unchanged), ("c", .start)], running: running, wanted: ["c": "*:1"]) == ["c by a"])
        #expect(try blocked([("b", .swap)], running: running, wanted: ["b": "127.0.0.1:2"]) == [])
    }

    @Test func theSameStateIsUnchanged() throws {
        let state = try states(["a": base])
        #expect(change(from: state, to: state) == [.unchanged])
    }

    @Test func aCommentIsNotAChange() throws {
        #expect(change(from: try states(["a": base]), to: try states(["a": "# hello\n" + base])) == [.unchanged])
    }

    @Test func newContentIsASwap() throws {
        #expect(change(from: try states(["a": base]), to: try states(["a": base], hash: "b")) == [.swap])
    }

    @Test(arguments: ["[limits]\nidle_timeout = \"1s\"\n", "[options]\nx = 1\n"])
    func otherLimitsOrOptionsAreASwap(text: String) throws {
        #expect(change(from: try states(["a": base]), to: try states(["a": base + text])) == [.swap])
    }

    @Test(arguments: [
        "plugin = \"x.so\"\nlisten = \"127.0.0.1:2\"\n", "[socket]\nbacklog = 5\n",
        "plugin = \"x.so\"\n[[listen]]\nname = \"a\"\naddress = \"127.0.0.1:1\"\n",
    ])
    func otherSocketsAloneAreAMove(text: String) throws {
        let new = text.hasPrefix("plugin") ? text : base + text
        #expect(change(from: try states(["a": base]), to: try states(["a": new])) == [.move])
    }

    @Test func anotherPathWithTheSameContentIsNotAChange() throws {
        let old = try states(["a": base])
        var new = old
        new[0].configuration.plugin = "/elsewhere/x.so"
        #expect(change(from: old, to: new) == [.unchanged])
    }

    @Test func contentThatWasRolledBackIsHeldBackUntilItChanges() throws {
        let running = try states(["a": base], hash: "old")
        let bad = try states(["a": base], hash: "bad")
        #expect(
            ReloadPlan(running: running, wanted: bad, heldBack: ["a": bad[0]]).steps.map(\.change) == [.unchanged])
        let better = try states(["a": base], hash: "better")
        #expect(ReloadPlan(running: running, wanted: better, heldBack: ["a": bad[0]]).steps.map(\.change) == [.swap])
        #expect(ReloadPlan(running: running, wanted: [], heldBack: ["a": bad[0]]).steps.map(\.change) == [.stop])
    }

    @Test(arguments: ["on_reload = \"pin\"\n", "drain_timeout = \"1s\"\n", "max_generations = 7\n"])
    func aNewReloadPolicyIsNoReasonToSwap(text: String) throws {
        #expect(change(from: try states(["a": base]), to: try states(["a": base + text])) == [.unchanged])
    }

    @Test func newListenersAreStartedAndMissingOnesStopped() throws {
        let a = try states(["a": base])
        let b = try states(["b": base])
        #expect(
            ReloadPlan(running: a, wanted: b).steps == [
                ReloadPlan.Step(listener: "a", change: .stop), ReloadPlan.Step(listener: "b", change: .start),
            ])
    }
}
