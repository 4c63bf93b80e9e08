import Glibc
import Server
import Testing

/// The functions of an instance, seen from outside. The plugin is in C and was written from the header alone.
@Suite struct InstanceFunctionTests {
    private let every: EveryFunctionServer
    private let server: RunningServer

    init() throws {
        every = try EveryFunctionServer()
        server = every.server
    }

    @Test func jobsAndPostsReturnToTheConnection() throws {
        let peer = try every.connect()
        #expect(try peer.ask("submit in capital letters") == "IN CAPITAL LETTERS")
        #expect(try peer.ask("post as it is") == "as it is")
    }

    @Test func aCallbackReachesItsLoopAndAnotherConnection() throws {
        let peers = try (0..<8).map { _ in try every.connect() }
        #expect(try peers[0].ask("post_loop from the loop") == "from the loop")
        let id = try peers[0].ask("id")
        var found = 0
        for peer in peers.dropFirst() {
            guard try peer.ask("connection \(id)") == "connection is here" else { continue }
            let own = try peer.ask("id")
            #expect(try peers[0].receiveLine() == "hello from \(own)")
            found += 1
        }
        #expect(found < 8)
        #expect(try peers[0].ask("connection 0") == "connection is not here")
    }

    @Test func aTimerTicksUntilItIsCancelled() throws {
        let peer = try every.connect()
        #expect(try peer.ask("start_timer tick") == "start_timer 0")
        for _ in 0..<3 { #expect(try peer.receiveLine() == "tick") }
        try peer.send("cancel_timer\n")
        while case let line = try peer.receiveLine(), line != "cancel_timer 0" { #expect(line == "tick") }
        try waitUntil("its context is released") { try every.metric("released_total") == 1 }
        #expect(try peer.ask("cancel_timer") == "cancel_timer -2")
    }

    @Test func membersOfAGroupGetItsMessages() throws {
        let peers = try (0..<4).map { _ in try every.connect() }
        for peer in peers { #expect(try peer.ask("join birds") == "join 0") }
        #expect(try peers[0].ask("count birds") == "count 4")
        #expect(try peers[0].ask("send birds") == "send 0")
        for peer in peers.dropFirst() { #expect(try peer.receiveLine() == "birds") }
        #expect(try peers[1].ask("leave birds") == "leave 0")
        #expect(try peers[0].ask("count birds") == "count 3")
        #expect(try peers[0].ask("join") == "join -2")
    }

    @Test func theStateOfTheInstanceMoves() throws {
        let peer = try every.connect()
        #expect(try peer.ask("one") == "line 1 of version 1.0.0")
        try every.install(version: "2.0.0")
        #expect(try server.reload("every") == .swapped)
        #expect(try peer.ask("lines") == "lines 2")
        #expect(try every.connect().ask("lines") == "lines 3")
        try server.waitForLog("the lines have moved")
    }

    @Test func logsAndReportsTheEnabledLevels() throws {
        let peer = try every.connect()
        #expect(try peer.ask("log something") == "logged")
        try server.waitForLog("WARNING a peer said something")
        #expect(try peer.ask("log_enabled") == "trace 0 debug 0 info 1 warning 1 error 1")
    }

    @Test func metricsAreShown() throws {
        let peer = try every.connect()
        #expect(try every.metric("loops_started_total") == 2)
        #expect(try every.metric("loops_stopped_total") == 0)
        #expect(try peer.ask("metric_set 42") == "metric_set 0")
        #expect(try every.metric("set_by_a_peer") == 42)
        #expect(try every.folder.martlet("metrics").output.contains("set_by_a_peer"))
    }

    @Test func infoDescribesTheHost() throws {
        let answer = try every.connect().ask("info")
        let workers = try server.status().workers
        #expect(answer.hasPrefix("listener every generation 1 loops 2 workers \(workers.maximum): loop "))
        #expect(answer.hasSuffix(", some lines, origin 1 at front"))
    }

    @Test func refusalsNameTheOptionAndTheArgument() throws {
        let path = String(repeating: "x", count: 300)
        try EveryFunctionServer.listen(every.folder, "long", "[options]\nfile = \"\(path)\"")
        let receipt = try server.reload()
        #expect(receipt.isRefused)
        let detail = try #require(receipt.entries.first { $0.listener == "long" }).detail
        #expect(detail.contains("options.file: expected less than 256 bytes"))
        let call = try every.folder.martlet("call", "every", "greet", "")
        #expect(call.status == 1)
        #expect(call.errors.contains("name: expected a name"))
        #expect(try every.metric("released_total") == 1, "expected its result to be released all the same")
    }

    @Test func anOperationsResultIsReleased() throws {
        #expect(try every.folder.martlet("call", "every", "greet", "reader").output == "Hello, reader\n")
        #expect(try every.metric("released_total") == 1)
    }

    @Test func sessionsMoveAndTheOldInstanceIsDestroyed() throws {
        let peer = try every.connect()
        #expect(try peer.ask("one") == "line 1 of version 1.0.0")
        try every.install(version: "2.0.0")
        #expect(try server.reload("every") == .swapped)
        #expect(try peer.ask("two") == "line 2 of version 2.0.0")
        #expect(try every.metric("restored_total") == 1)
        #expect(try every.metric("moved_total") == 1)
        try waitUntil("the old instance is destroyed") { try every.metric("destroyed_total") == 1 }
        #expect(try every.metric("loops_stopped_total") == 2)
        #expect(try every.metric("loops_started_total") == 4)
    }

    @Test func aStoppingServerLetsSessionsFinish() throws {
        let peer = try every.connect()
        #expect(try peer.ask("one") == "line 1 of version 1.0.0")
        server.signal(SIGTERM)
        #expect(try peer.receiveLine() == "draining")
        #expect(try peer.waitForEnd() == .closed)
        #expect(try server.process.wait(within: .seconds(20)).status == 0)
    }
}
