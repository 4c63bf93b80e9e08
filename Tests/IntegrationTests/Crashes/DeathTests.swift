import Glibc
import Server
import Testing

/// Every kind of death in every callback. The listener goes on in another host, the report names the callback, and the peers of other
/// hosts notice nothing.
@Suite(.serialized) struct DeathTests {
    // MARK: Callbacks that peers provoke

    @Test(arguments: [
        Deaths("opened", .segv, .exit, .abort), Deaths("received", .segv, .exit, .heap),
        Deaths("writable", .segv, .exit), Deaths("timer", .segv, .exit, .overflow),
        Deaths("peer_closed", .segv, .exit, .abort), Deaths("closed", .segv, .exit, .kill),
        Deaths("delivery", .segv, .exit, .quit, .hang), Deaths("work", on: "worker-", .segv, .exit, .overflow, .kill),
        Deaths("release", .segv, .exit, .heap), Deaths("tick", .segv, .exit, .quit, .hang),
        Deaths("tick", on: "worker-", .segv, .exit),
    ])
    func aPeerLosesOnlyItsConnection(_ place: Deaths) throws {
        try expectDeaths(in: place, DeathServer(limits: limits(for: place)))
    }

    @Test(arguments: [
        "opened", "received", "writable", "timer", "peer_closed", "closed", "delivery", "work", "release", "tick",
    ])
    func codeInSwiftDiesToo(_ callback: String) throws {
        let thread = callback == "work" ? "worker-" : "loop-"
        try expectDeaths(in: Deaths(callback, on: thread, .index, .exit), DeathServer(.swift))
    }

    /// Workers make the calls of connections too.
    @Test(arguments: ["opened", "received", "writable", "timer", "peer_closed", "closed"])
    func aWorkerThatDiesIsNamed(_ callback: String) throws {
        try expectDeaths(in: Deaths(callback, on: "worker-", .segv), DeathServer(keys: "dispatch = \"workers\""))
    }

    /// It may run as long as it likes, as work may, so that only what hangs later ends the host.
    @Test func aTickOnAWorkerDoesNotHang() throws {
        let (tick, received) = (Deaths("tick", on: "worker-", .hang), Deaths("received", .hang))
        let server = try DeathServer(limits: limits(for: received))
        let peer = try server.connect()
        try server.order(.hang, in: tick)
        #expect(try peer.ask(tick.line) == tick.line)
        try waitUntil("the tick hangs") { server.isCarriedOut }
        try server.expect(.hang, in: received) {
            try peer.send("received\n")
            _ = try? peer.waitForEnd()
        }
    }

    private func limits(for place: Deaths) -> String {
        place.deaths.contains(.hang) ? "hang_timeout = \"\(2_000 * Sanitizer.slowness)ms\"" : ""
    }

    private func expectDeaths(in place: Deaths, _ server: DeathServer) throws {
        for death in place.deaths {
            let peer = try server.connect()
            if place.callback == "work" { #expect(try peer.ask("work") == "work") }
            try server.expect(death, in: place) {
                switch place.callback {
                case "work": break
                case "opened": _ = try? server.server.connect(to: "dies").waitForEnd()
                case "peer_closed": peer.finishSending()
                case "closed": return peer.close()
                default: try peer.send(place.line + "\n")
                }
                _ = try? peer.waitForEnd()
            }
        }
    }

    // MARK: Operations

    @Test(arguments: [
        ("control", Deaths("operation", on: "plugin", .segv, .exit, .overflow), DeathServer.Plugin.c),
        ("loops", Deaths("operation", .segv, .exit), .c),
        ("worker", Deaths("operation", on: "worker-", .segv, .exit), .c),
        ("control", Deaths("operation", on: "plugin", .index, .exit), .swift),
    ])
    func aCallLearnsOfTheDeath(_ operation: String, _ place: Deaths, _ plugin: DeathServer.Plugin) throws {
        let server = try DeathServer(plugin)
        for death in place.deaths {
            try server.expect(death, in: place) {
                let result = try server.server.folder.martlet("call", "dies", operation)
                #expect(result.status == 1 && result.errors.contains("the host has ended"), "\(result)")
            }
        }
    }

    // MARK: Reloads

    /// The earlier generation serves in the next host. What has died is held back if it was the new one, and only then.
    @Test(arguments: [
        Deaths("create", on: "plugin", .segv, .exit, .overflow, .heap),
        Deaths("loop_start", .segv, .exit, .hang, .kill),
        Deaths("save", .segv, .exit), Deaths("restore", .segv, .exit, .abort), Deaths("moved", .segv, .exit),
        Deaths("save of the instance", on: "plugin", .segv, .exit, .quit),
        Deaths("restore of the instance", on: "plugin", .segv, .exit),
        Deaths("moved of the instance", on: "plugin", .segv, .exit),
    ])
    func aReloadInWhichTheHostDiesIsUndone(_ place: Deaths) throws {
        try expectReloadsUndone(in: place, .c)
    }

    @Test(arguments: [
        Deaths("create", on: "plugin", .fatal, .exit), Deaths("loop_start", .index, .exit),
        Deaths("save", .index, .exit), Deaths("restore", .index, .exit), Deaths("moved", .index, .exit),
        Deaths("save of the instance", on: "plugin", .index, .exit, .stack),
        Deaths("restore of the instance", on: "plugin", .index, .exit),
        Deaths("moved of the instance", on: "plugin", .index, .exit),
    ])
    func aReloadOfSwiftInWhichTheHostDiesIsUndone(_ place: Deaths) throws {
        try expectReloadsUndone(in: place, .swift)
    }

    /// Without a state of the instance nothing stands still, and sessions are saved when the new generation serves already.
    @Test func aMoveOfSessionsInWhichTheHostDiesIsUndone() throws {
        try expectReloadsUndone(in: Deaths("save", .segv, .exit), .stateless)
    }

    private func expectReloadsUndone(in place: Deaths, _ plugin: DeathServer.Plugin) throws {
        let server = try DeathServer(plugin, limits: limits(for: place))
        let isNewGuilty = ["create", "loop_start", "restore", "restore of the instance"].contains(place.callback)
        for death in place.deaths {
            let before = try server.hash
            let peer = try server.connect()
            try server.installNext()
            try server.expect(death, in: place) {
                let receipt = try server.server.reload()
                let refused = receipt.entries.filter { $0.outcome == .refused }.map(\.detail).joined()
                #expect(receipt.isRefused && refused.contains("the host has ended"), "\(receipt)")
                _ = try? peer.waitForEnd()
            }
            #expect(try server.hash == before)
            #expect(try server.server.reload("dies") == (isNewGuilty ? .refused : .swapped))
        }
    }

    /// The current generation serves in the next host.
    @Test(
        arguments: [
            (Deaths("draining", .segv, .exit), DeathServer.Plugin.c), (Deaths("loop_stop", .segv, .exit), .c),
            (Deaths("destroy", on: "plugin", .segv, .exit, .overflow), .c),
            (Deaths("draining", .index, .exit), .swift), (Deaths("loop_stop", .index, .exit), .swift),
            (Deaths("destroy", on: "plugin", .index, .exit), .swift),
        ])
    func aRetiredGenerationThatDiesUndoesNothing(_ place: Deaths, _ plugin: DeathServer.Plugin) throws {
        let keys = place.callback == "draining" ? "on_reload = \"drain\"" : ""
        let server = try DeathServer(plugin, keys: keys)
        // ThreadSanitizer reports a thread that ends the process in a deinit.
        let deaths = place.deaths.filter { $0 != .exit || plugin != .swift || Sanitizer.name != "thread" }
        for death in deaths {
            let peer = try server.connect()
            let next = try server.installNext()
            try server.expect(death, in: place) {
                let outcome = try server.server.reload("dies")
                #expect(outcome == .swapped)
                _ = try? peer.waitForEnd()
            }
            #expect(try server.hash == next)
        }
    }
}
