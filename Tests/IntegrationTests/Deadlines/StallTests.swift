import Glibc
import Server
import Testing

/// Plugins whose functions do not return never make the server's operators wait.
@Suite(.serialized) struct StallTests {
    /// A server with two loops, one of which the test blocks.
    private func stalls(process: String = "loop_timeout = \"300ms\"", _ more: String = "") throws -> RunningServer {
        let folder = try ServerFolder(process: "loops = 2\n" + process)
        try folder.installFixture("stalls", more)
        return try RunningServer(folder)
    }

    /// Blocks the loop of a new peer.
    private func hold(_ server: RunningServer) throws -> Peer {
        let peer = try server.connect(to: "stalls")
        #expect(try peer.ask("well") == "well")
        try peer.send("stall\n")
        try waitUntil("the server knows that the loop is stuck") {
            try server.status().loops.contains { $0.stuckIn != nil }
        }
        return peer
    }

    private func letGo(_ server: RunningServer) throws {
        try Files.replace(server.folder.file("stall-over"), with: [])
    }

    @Test func controlRequestsAreAnsweredWhileALoopIsBlocked() throws {
        let server = try stalls()
        let peer = try hold(server)
        let stuck = try #require(try server.status().loops.first { $0.stuckIn != nil }?.stuckIn)
        #expect(stuck == "does not turn: it is in received of stalls 1.0.0 (listener stalls, generation 1)")
        #expect(try server.folder.martlet("status").output.contains(stuck))
        for command in ["plugins", "generations", "metrics", "workers"] {
            let (result, time) = try measure { try server.folder.martlet(command) }
            #expect(result.status == 0, "\(command): \(result)")
            #expect(time < .seconds(3) * Sanitizer.slowness, "\(command) took \(time)")
        }
        #expect(
            try server.folder.martlet("generations").output.contains("?"),
            "expected ? for the unknown age of its oldest connection")
        try letGo(server)
        #expect(try peer.receiveLine() == "stall")
        try waitUntil("every loop turns again") { try server.status().loops.allSatisfy { $0.stuckIn == nil } }
        #expect(try !server.folder.martlet("generations").output.contains("?"))
        try server.waitForLog("the event loop turns again")
    }

    @Test func aRefusedReloadNamesTheBlockedLoop() throws {
        let server = try stalls()
        let peer = try hold(server)
        try server.folder.install(Fixture.library("stalls"), as: "stalls.so", appending: Array("next".utf8))
        let (receipt, time) = try measure { try server.reload() }
        #expect(receipt.result == .refused)
        #expect(
            receipt.entries.contains { $0.detail.contains("does not turn: it is in received of stalls") }, "\(receipt)")
        #expect(time < .seconds(10) * Sanitizer.slowness, "\(time)")
        #expect(try server.generations(of: "stalls") == [1])
        try letGo(server)
        #expect(try peer.receiveLine() == "stall")
        try waitUntil("every loop turns again") { try server.status().loops.allSatisfy { $0.stuckIn == nil } }
        #expect(try server.reload("stalls") == .swapped)
        #expect(try server.connect(to: "stalls").ask("well") == "well")
        try waitUntil("the refused generation is gone") { try server.generations(of: "stalls").max() == 3 }
    }

    /// SO_REUSEPORT gives half of the new peers to the blocked loop.
    @Test func theOtherLoopServesNewPeers() throws {
        let server = try stalls()
        let held = try hold(server)
        let address = try server.address(of: "stalls")
        try waitUntil("the log says that other loops take the blocked loop's peers") {
            server.log.contains("other loops take its new peers")
        }
        let peers = try (0..<24).map { _ in try Peer(address) }
        for peer in peers { #expect(try peer.ask("hello") == "hello") }
        try letGo(server)
        #expect(try held.receiveLine() == "stall")
        try waitUntil("every loop turns again") { try server.status().loops.allSatisfy { $0.stuckIn == nil } }
        for peer in peers { #expect(try peer.ask("again") == "again") }
        let turns = try server.status().loops.map(\.turns)
        // The other loop gives the socket back when it is told that its owner turns again.
        try waitUntil("both loops accept again") {
            #expect(try Peer(address).ask("hello") == "hello")
            return try zip(turns, server.status().loops.map(\.turns)).allSatisfy { $0 < $1 }
        }
        #expect(try server.stop() == 0)
    }

    @Test func sigtermStopsTheProcessOnTimeDespiteABlockedLoop() throws {
        let server = try stalls(process: "loop_timeout = \"200ms\"\nshutdown_timeout = \"500ms\"")
        let peer = try hold(server)
        let (status, time) = try measure { try server.stop() }
        #expect(status == 1)
        #expect(time > .milliseconds(400) && time < .seconds(6) * Sanitizer.slowness, "\(time)")
        try server.waitForLog("stuck at shutdown: event loop")
        try server.waitForLog("it is in received of stalls")
        _ = try peer.waitForEnd()
    }

    @Test func aSecondSignalStopsItAtOnce() throws {
        let server = try stalls(process: "loop_timeout = \"200ms\"\nshutdown_timeout = \"60s\"")
        _ = try hold(server)
        server.signal(SIGTERM)
        try waitUntil("the server is stopping") { server.log.contains("stopping") }
        let (status, time) = try measure { try server.stop() }
        #expect(status == 1)
        #expect(time < .seconds(4) * Sanitizer.slowness, "\(time)")
        try server.waitForLog("stuck at shutdown")
    }

    @Test func aHangingWorkerDoesNotOutliveTheProcess() throws {
        let folder = try ServerFolder(process: "shutdown_timeout = \"300ms\"")
        try folder.install(Fixture.library("stalls", defines: ["WORKERS": "1"]), as: "stalls.so")
        try folder.listen("stalls", plugin: "stalls.so")
        let server = try RunningServer(folder)
        let peer = try server.connect(to: "stalls")
        try peer.send("stall\n")
        try waitUntil("the worker runs the job") { try server.status().workers.running == 1 }
        #expect(try server.stop(within: .seconds(8)) == 1)
        try server.waitForLog("stuck at shutdown: worker")
        try server.waitForLog("received of stalls")
    }

    @Test(arguments: ["create", "loop_start"])
    func aPluginThatHangsWhileStartingIsRefused(call: String) throws {
        let folder = try ServerFolder(process: "plugin_timeout = \"300ms\"\nloop_timeout = \"300ms\"")
        try folder.installEcho()
        let server = try RunningServer(folder)
        try folder.installFixture("stalls", "exercise = false\n[options]\nhold = \"\(call)\"")
        let (entry, time) = try measure { try server.reloaded("stalls") }
        #expect(entry.outcome == .refused)
        #expect(
            entry.detail.contains(call == "create" ? "create has not returned within 0.3 s" : "loop_start"), "\(entry)")
        #expect(time < .seconds(8) * Sanitizer.slowness, "\(time)")
        #expect(try server.status().listeners.map(\.name) == ["echo"])
        try letGo(server)
        try waitUntil("the loops turn") { try server.status().loops.allSatisfy { $0.stuckIn == nil } }
        #expect(try server.connect().ask("well") == "well")
        try folder.listen("stalls", plugin: "stalls.so", "exercise = false")
        #expect(try server.reload("stalls") == .started)
        #expect(try server.stop() == 0)
    }

    @Test func aHangingDestroyBlocksNothing() throws {
        let server = try stalls(
            process: "plugin_timeout = \"300ms\"", "exercise = false\n[options]\nhold = \"destroy\"")
        try server.folder.listen("stalls", plugin: "stalls.so", "exercise = false")
        #expect(try server.reload("stalls") == .swapped)
        try waitUntil("destroy is logged") { server.log.contains("destroy has not returned (plugin_timeout)") }
        #expect(try server.generations(of: "stalls") == [2])
        #expect(try server.connect(to: "stalls").ask("well") == "well")
        #expect(try server.reload("stalls") == .unchanged)
    }

    @Test(arguments: ["control", "loops", "worker"])
    func aCallerOfAHangingOperationGetsAnAnswer(operation: String) throws {
        let server = try stalls(process: "plugin_timeout = \"300ms\"\nloop_timeout = \"300ms\"")
        let (result, time) = try measure { try server.folder.martlet("call", "stalls", operation) }
        #expect(result.status == 1)
        #expect(time < .seconds(6) * Sanitizer.slowness, "\(time)")
        let reason =
            operation == "loops" ? "does not turn: it is in operation of stalls" : "has not returned within 0.3 s"
        #expect(result.errors.contains(reason), "\(result)")
        _ = try server.status()
        #expect(try server.folder.martlet("call", "stalls", operation).errors.contains("is still running"))
        try letGo(server)
        try waitUntil("the operation is free") { try server.folder.martlet("call", "stalls", operation).status == 0 }
    }
}
