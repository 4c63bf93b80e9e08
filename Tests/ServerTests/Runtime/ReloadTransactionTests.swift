import Instances
import PluginHost
import Testing

@testable import Server

/// What a reload does when the runtime refuses a step of the commit, in the order in which the runtime sees it.
@Suite(.serialized) struct ReloadTransactionTests {
    private func listening(_ name: String, at host: String = "127.0.0.1") -> String {
        "[[listen]]\naddress = '\(host):0'\nname = '\(name)'\n"
    }

    @Test func aSwapThatALoopDoesNotMakeIsUndone() throws {
        let scripted = try ScriptedServer()
        #expect(try scripted.reload(["echo": listening("public")], hash: "a").result == .done)
        #expect(
            scripted.runtime.asked == [
                "start echo/1", "open public for echo/1", "accept from public", "point public at echo/1",
            ])
        scripted.runtime.refuse(["point public at echo/2"])
        let receipt = try scripted.reload(["echo": listening("public")], hash: "b")
        #expect(receipt.result == .refused)
        #expect(receipt.entries.map(\.detail) == ["echo: event loop 1 does not turn"])
        #expect(
            scripted.runtime.asked == [
                "start echo/2", "point public at echo/2", "point public at echo/1", "end echo/2",
            ])
        #expect(scripted.serving("echo") == "1")
        scripted.runtime.refuse([])
        #expect(try scripted.reload(["echo": listening("public")], hash: "b").result == .done)
        #expect(scripted.serving("echo") == "3", "the number of the refused generation is not used again")
    }

    @Test func anUndoneSwapGivesEndpointsTheirOldNames() throws {
        let scripted = try ScriptedServer()
        _ = try scripted.reload(["echo": listening("public")], hash: "a")
        scripted.runtime.refuse(["point private at echo/2"])
        #expect(try scripted.reload(["echo": listening("private")], hash: "b").result == .refused)
        #expect(
            scripted.runtime.asked == [
                "start echo/2", "point private at echo/2", "point public at echo/1", "end echo/2",
            ])
    }

    @Test func allSwapsAreUndoneWhenTheLastFails() throws {
        let scripted = try ScriptedServer()
        let files = ["a": listening("first"), "b": listening("second", at: "127.0.0.2")]
        _ = try scripted.reload(files, hash: "a")
        scripted.runtime.refuse(["point second at b/2"])
        #expect(try scripted.reload(files, hash: "b").result == .refused)
        #expect(
            scripted.runtime.asked.filter { $0.hasPrefix("point") } == [
                "point first at a/2", "point second at b/2", "point second at b/1", "point first at a/1",
            ])
        #expect(scripted.runtime.asked.suffix(2).sorted() == ["end a/2", "end b/2"])
        #expect((scripted.serving("a"), scripted.serving("b")) == ("1", "1"))
    }

    @Test func aListenerWhoseAddressCannotBeOpenedDoesNotStart() throws {
        let scripted = try ScriptedServer()
        scripted.runtime.refuse(["open public for echo/1"])
        let receipt = try scripted.reload(["echo": listening("public")], hash: "a")
        #expect(
            receipt.entries.map(\.detail) == ["echo: cannot listen on 127.0.0.1:0: event loop 1 does not turn"])
        #expect(scripted.runtime.asked.contains("end echo/1") && scripted.serving("echo") == "none")
        let sockets = scripted.runtime.sockets
        #expect(sockets.count == 2, "one for each loop")
        #expect(!(0..<1024).contains { inode(of: $0).map(sockets.contains) ?? false }, "they are closed")
    }

    @Test func anInstanceThatCannotEndYetIsAskedAgain() throws {
        let scripted = try ScriptedServer()
        scripted.runtime.refuse(["start echo/1", "end echo/1"])
        let receipt = try scripted.reload(["echo": listening("public")], hash: "a")
        #expect(receipt.entries.map(\.detail) == ["echo.toml:1:1: plugin: the plugin refused: not today"])
        #expect(waits { scripted.runtime.asked.filter { $0 == "end echo/1" }.count > 1 })
        scripted.runtime.refuse([])
        #expect(waits { scripted.runtime.asked == ["end echo/1"] })
    }

    @Test func aTrialThatFailsGivesItsShareBack() throws {
        let scripted = try ScriptedServer()
        let files = ["echo": listening("public") + "[rollout]\npercent = 10\n"]
        _ = try scripted.reload(files, hash: "a")
        scripted.runtime.refuse([])
        #expect(try scripted.reload(files, hash: "b").entries.map(\.outcome) == [.trial])
        #expect(scripted.runtime.asked == ["start echo/2", "point public at echo/1, 10 % at echo/2"])
        #expect(scripted.serving("echo") == "1, 2")
        var counts = ConnectionCounts()
        counts.faults = 3
        scripted.runtime.refuse([], counts: counts)
        #expect(waits { scripted.serving("echo") == "1" })
        #expect(
            scripted.runtime.asked == ["point public at echo/1", "retire echo/2", "migrate echo/2 to echo/1"])
        #expect(scripted.server.snapshot.receipts.last?.abortReason == "3 faults")
    }
}
