import Instances
import Testing

@testable import Server

/// What the control side does when the runtime has ended, in the order in which the next runtime sees it.
@Suite(.serialized) struct RecoveryTests {
    private func listening(_ name: String, _ host: String = "127.0.0.1", _ more: String = "") -> String {
        "[[listen]]\naddress = '\(host):0'\nname = '\(name)'\n" + more
    }

    @Test func theListenersGoOnInTheNextRuntimeOnTheSameSockets() throws {
        let scripted = try ScriptedServer()
        let files = ["a": listening("first"), "b": listening("second", "127.0.0.2")]
        _ = try scripted.reload(files, hash: "a")
        let sockets = scripted.runtime.sockets
        #expect(sockets.count == 4)
        scripted.runtime.refuse([])
        scripted.runtime.crash(in: "a", 1)
        #expect(waits { scripted.serving("b") == "2" })
        #expect(
            scripted.runtime.asked == [
                "start a/2", "open first for a/2", "accept from first", "start b/2", "open second for b/2",
                "accept from second",
            ])
        #expect(scripted.runtime.sockets == sockets)
    }

    @Test func theConnectionsGoOnInTheInstancesOfTheNextRuntime() throws {
        let scripted = try ScriptedServer()
        _ = try scripted.reload(["echo": listening("public")], hash: "a")
        scripted.runtime.refuse([])
        let estate = ScriptedEstate(arena: 7, scripted.runtime)
        scripted.runtime.crash(in: "echo", 1, leaving: estate)
        #expect(waits { scripted.runtime.asked.last == "end succession" })
        #expect(
            scripted.runtime.asked == [
                "inherit 7", "release 7 of [8]", "start echo/2", "open public for echo/2", "accept from public",
                "adopt the others of echo in echo/2", "end succession",
            ])
    }

    @Test func thoseOfAGenerationOnTrialStayThere() throws {
        let scripted = try ScriptedServer()
        let trial = listening("public", "127.0.0.1", "[rollout]\npercent = 10\nhold = '1h'\n")
        _ = try scripted.reload(["echo": trial], hash: "a")
        _ = try scripted.reload(["echo": trial], hash: "b")
        scripted.runtime.refuse([])
        scripted.runtime.crash(in: "echo", 1, leaving: ScriptedEstate(arena: 7, scripted.runtime))
        #expect(waits { scripted.runtime.asked.last == "end succession" })
        #expect(
            scripted.runtime.asked.filter { $0.hasPrefix("adopt") } == [
                "adopt those of echo/2 in echo/4", "adopt the others of echo in echo/3",
            ])
    }

    @Test func whatCannotBeTakenOverIsReleased() throws {
        let scripted = try ScriptedServer()
        _ = try scripted.reload(["echo": listening("public")], hash: "a")
        scripted.runtime.refuse(["inherit 7"])
        scripted.runtime.crash(in: "echo", 1, leaving: ScriptedEstate(arena: 7, scripted.runtime))
        #expect(waits { scripted.serving("echo") == "2" })
        #expect(
            scripted.runtime.asked == [
                "inherit 7", "release 7 of []", "start echo/2", "open public for echo/2", "accept from public",
            ])
    }

    @Test func whatCrashesTooOftenGivesItsPlaceBack() throws {
        let scripted = try ScriptedServer()
        let files = ["echo": listening("public", "127.0.0.1", "[limits]\ncrash_limit = 2\n")]
        _ = try scripted.reload(files, hash: "a")
        _ = try scripted.reload(files, hash: "b")
        #expect(scripted.serving("echo") == "2")
        scripted.runtime.crash(in: "echo", 2)
        #expect(waits { scripted.serving("echo") == "3" })
        #expect(scripted.hash(of: "echo") == "b")
        scripted.runtime.crash(in: "echo", 3)
        #expect(waits { scripted.serving("echo") == "4" })
        #expect(scripted.hash(of: "echo") == "a")
        #expect(scripted.server.snapshot.receipts.last?.entries.map(\.outcome) == [.rolledBack])
        let receipt = try scripted.reload(files, hash: "b")
        #expect(receipt.entries.map(\.outcome) == [.refused], "it is in quarantine")
    }

    @Test func withoutAnEarlierGenerationTheListenerStopsAndTheOthersGoOn() throws {
        let scripted = try ScriptedServer()
        let files = [
            "bad": listening("first", "127.0.0.1", "[limits]\ncrash_limit = 1\n"),
            "good": listening("second", "127.0.0.2"),
        ]
        _ = try scripted.reload(files, hash: "a")
        let sockets = scripted.runtime.sockets
        scripted.runtime.refuse([])
        scripted.runtime.crash(in: "bad", 1)
        #expect(waits { scripted.serving("good") == "2" })
        #expect(scripted.serving("bad") == "none")
        let left = (0..<1024).compactMap { inode(of: $0) }.filter { sockets.contains($0) }
        #expect(Set(left).count == 2, "those of the listener that has stopped are closed")
        #expect(scripted.server.snapshot.receipts.last?.entries.map(\.outcome) == [.stopped])
    }

    @Test func aCrashEndsTheTrialOfItsPlugin() throws {
        let scripted = try ScriptedServer()
        let files = ["echo": listening("public", "127.0.0.1", "[rollout]\npercent = 10\n")]
        _ = try scripted.reload(files, hash: "a")
        #expect(try scripted.reload(files, hash: "b").entries.map(\.outcome) == [.trial])
        scripted.runtime.crash(in: "echo", 2)
        #expect(waits { scripted.serving("echo") == "3" })
        #expect(scripted.hash(of: "echo") == "a")
        #expect(scripted.server.snapshot.receipts.last?.abortReason == "SIGSEGV in received")
    }

    @Test func aTrialGoesOnWhenAnotherPluginCrashes() throws {
        let scripted = try ScriptedServer()
        func files(_ rate: Int) -> [String: String] {
            [
                "echo": listening("public", "127.0.0.1", "[rollout]\npercent = 10\n[limits]\nlog_rate = \(rate)\n"),
                "other": listening("second", "127.0.0.2"),
            ]
        }
        _ = try scripted.reload(files(1), hash: "a")
        #expect(try scripted.reload(files(2), hash: "a").entries.map(\.outcome) == [.trial, .unchanged])
        scripted.runtime.refuse([])
        scripted.runtime.crash(in: "other", 1)
        #expect(waits { scripted.serving("other") == "2" })
        #expect(scripted.serving("echo") == "3, 4")
        #expect(scripted.runtime.asked.contains("point public at echo/3, 10 % at echo/4"))
    }

    // MARK: Renewal

    private func renewal(refusing refused: Set<String>, portions: Int = 1) throws -> (ScriptedServer, String?) {
        let scripted = try ScriptedServer()
        scripted.runtime.portions.store(portions, ordering: .relaxed)
        _ = try scripted.reload(["echo": listening("public")], hash: "a")
        scripted.runtime.refuse(refused)
        scripted.runtime.show(ScriptedEstate(arena: 7, scripted.runtime))
        let problem = scripted.server.control.ask { [server = scripted.server] () -> String? in
            do throws(RenewalProblem) {
                _ = try server.renew("shared")
                return nil
            } catch {
                return error.description
            }
        }
        return (scripted, problem)
    }

    @Test func aRenewalTakesTheConnectionsWhenTheFreshHostIsComplete() throws {
        let (scripted, problem) = try renewal(refusing: [])
        #expect(problem == nil)
        #expect(
            scripted.runtime.asked == [
                "start echo/2", "stand still for portion 0", "inherit 7 alive", "go on without 1",
                "adopt the others of echo in echo/2, planned", "close public", "open public for echo/2",
                "accept from public", "retire echo/1",
            ])
        #expect(scripted.serving("echo") == "2")
    }

    /// When it is decided, the other portions follow. One that does not stand still ends this: what is left is asked later.
    @Test func aRenewalTakesOnePortionAfterTheOther() throws {
        let (scripted, problem) = try renewal(refusing: ["stand still for portion 2"], portions: 4)
        #expect(problem == nil)
        let rest = try #require(scripted.runtime.asked.firstIndex(of: "retire echo/1")).advanced(by: 1)
        #expect(
            Array(scripted.runtime.asked[rest...].prefix(6)) == [
                "stand still for portion 1", "inherit 7 alive", "go on without 1",
                "adopt the others of echo in echo/2, planned", "end succession", "stand still for portion 2",
            ])
    }

    @Test(arguments: [
        ("start echo/2", ["start echo/2"]),
        ("stand still for portion 0", ["start echo/2"] + Array(repeating: "stand still for portion 0", count: 10)),
        (
            "inherit 7 alive",
            [
                "start echo/2", "stand still for portion 0", "inherit 7 alive", "go on as it was",
                "end succession, which stays",
            ]
        ),
        (
            "go on without 1",
            [
                "start echo/2", "stand still for portion 0", "inherit 7 alive", "go on without 1",
                "end succession, which stays",
            ]
        ),
    ])
    func aRenewalThatFailsChangesNothing(_ step: String, _ asked: [String]) throws {
        let (scripted, problem) = try renewal(refusing: [step])
        #expect(problem != nil)
        #expect(scripted.runtime.asked == asked)
        #expect(scripted.serving("echo") == "1")
        #expect(scripted.server.hosts.map(\.name) == ["shared"])
    }
}
