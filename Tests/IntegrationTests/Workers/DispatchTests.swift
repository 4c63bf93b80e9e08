import Glibc
import LoadGenerator
import Server
import Testing

/// `dispatch = "workers"`: callbacks may block. For each connection they run in order and one at a time.
@Suite struct DispatchTests {
    private func blocks(process: String = "", _ more: String = "") throws -> RunningServer {
        let folder = try ServerFolder(process: process)
        try folder.installFixture("blocks", more)
        return try RunningServer(folder)
    }

    private func connect(_ server: RunningServer) throws -> Peer {
        let peer = try server.connect(to: "blocks")
        #expect(try peer.receiveLine() == "0 hello worker")
        return peer
    }

    @Test func aPluginThatMayBlockRunsOnWorkers() throws {
        let server = try blocks()
        let peer = try connect(server)
        #expect(try peer.ask("one") == "1 one worker")
        #expect(try peer.ask("two") == "2 two worker")
    }

    @Test func aConnectionThatBlocksDoesNotHoldUpTheOthers() throws {
        let folder = try ServerFolder(process: "loops = 1\nworkers = 4")
        try folder.install(Fixture.library("stalls", defines: ["WORKERS": "1"]), as: "stalls.so")
        try folder.listen("stalls", plugin: "stalls.so")
        let server = try RunningServer(folder)
        let slow = try server.connect(to: "stalls")
        try slow.send("stall\n")
        try waitUntil("a worker runs the job") { try server.status().workers.running == 1 }
        let quick = try server.connect(to: "stalls")
        for _ in 0..<50 { #expect(try quick.ask("x") == "x") }
        #expect(!slow.hasInput(within: 0))
        try Files.replace(folder.file("stall-over"), with: [])
        #expect(try slow.receiveLine() == "stall")
    }

    @Test func callbacksOfOneConnectionKeepTheirOrderAndNeverOverlap() throws {
        let server = try blocks(process: "workers = 8\nworkers_min = 8")
        let peers = try (0..<16).map { _ in try connect(server) }
        for _ in 0..<20 {
            for peer in peers { try peer.send("a\npost\nb\ntimer\nsleep 1\nc\n") }
        }
        for peer in peers {
            var (answers, extra, last) = (0, 0, 0)
            while answers < 120 || extra < 20 {
                let words = try peer.receiveLine().split(separator: " ")
                #expect(words.first != "OVERLAP")
                let number = try #require(words.first.flatMap { Int($0) })
                #expect(number >= last, "in order")
                last = number
                if words[1] == "posted" { extra += 1 } else if words[1] != "fired" { answers += 1 }
            }
            #expect(last == 120)
        }
    }

    @Test func aFullQueueKeepsPeersWaitingAndLosesNothing() throws {
        let server = try blocks(process: "workers = 1\nworkers_min = 1\nworker_queue = 2")
        let peers = try (0..<40).map { _ in try server.connect(to: "blocks") }
        for peer in peers { try peer.send("sleep 2\nx\n") }
        for peer in peers {
            #expect(try peer.receiveLine() == "0 hello worker")
            #expect(try peer.receiveLine() == "1 sleep 2 worker")
            #expect(try peer.receiveLine() == "2 x worker")
        }
        let counts = try #require(try server.listener("blocks")).counts
        #expect(counts.limits["worker_queue"] ?? 0 > 0)
        #expect(try server.status().workers.rejected == 0)
    }

    @Test func aPausedPoolPushesBackOnThePeer() throws {
        let server = try blocks("[limits]\nmax_input = \"64KiB\"")
        let peer = try connect(server)
        _ = try server.folder.martlet("workers", "pause")
        let line = String(repeating: "x", count: 99)
        let sent = try peer.sendUntilBlocked(Array(String(repeating: line + "\n", count: 10_000).utf8))
        #expect(try server.status().bufferBytes < 1 << 20)
        #expect(try server.folder.martlet("workers", "resume").status == 0)
        #expect(sent > 100_000)
        let expected = (1...(sent / 100)).map { "\($0) \(line) worker\n" }.joined()
        expectSame(try peer.receive(expected.utf8.count), Array(expected.utf8))
    }

    @Test func aPeerThatDisconnectsDuringACallbackIsCleanedUp() throws {
        let server = try blocks()
        for round in 0..<20 {
            let peer = try connect(server)
            try peer.send("sleep 20\npost\n")
            if round % 2 == 0 { peer.reset() } else { peer.close() }
        }
        try waitUntil("all peers are gone") { try server.openConnections == 0 }
        #expect(try server.status().totals.faults == 0)
    }

    @Test func aPeersHalfCloseIsDeliveredAndAnswered() throws {
        let server = try blocks()
        let peer = try connect(server)
        try peer.send("sleep 20\nquick")
        peer.finishSending()
        #expect(try String(decoding: peer.receiveToEnd(), as: UTF8.self) == "1 sleep 20 worker\n1 end worker\n")
    }

    @Test func aSessionOnAWorkerMovesWhenItComesBack() throws {
        let server = try blocks()
        let peers = try (0..<8).map { _ in try connect(server) }
        let sleep = "sleep 2000"
        for peer in peers { try peer.send(sleep + "\n") }
        try waitUntil("workers run the jobs") { try server.status().workers.running >= 1 }
        try server.folder.install(Fixture.library("blocks"), as: "blocks.so", appending: [1])
        let entry = try server.reload().entry(of: "blocks")
        #expect(entry.outcome == .swapped)
        #expect((entry.moves?.migrated ?? 0) + (entry.moves?.waiting ?? 0) == 8)
        for peer in peers {
            #expect(try peer.receiveLine() == "1 \(sleep) worker")
            #expect(try peer.ask("still here") == "2 still here worker")
        }
        try waitUntil("the old generation is gone") { try server.generationRows().count == 1 }
    }

    @Test func aDrainWaitsForRunningWorkerJobs() throws {
        let server = try blocks()
        let peer = try connect(server)
        let sleep = "sleep 2000"
        try peer.send(sleep + "\n")
        try waitUntil("a worker runs the job") { try server.status().workers.running == 1 }
        server.signal(SIGTERM)
        #expect(try peer.receiveLine() == "1 \(sleep) worker")
        #expect(try peer.receiveLine() == "1 draining worker")
        #expect(try server.process.wait().status == 0)
    }

    @Test func workerJobsAreCutAndCountedAtTheShutdownTimeout() throws {
        let server = try blocks(process: "shutdown_timeout = \"100ms\"")
        let peer = try connect(server)
        try peer.send("sleep 5000\n")
        try waitUntil("a worker runs the job") { try server.status().workers.running == 1 }
        server.signal(SIGTERM)
        #expect(try server.process.wait().status == 1)
        try server.waitForLog("cut: connections that did not end within shutdown_timeout")
        try server.waitForLog("cut=1")
    }

    @Test func requestsOnWorkersAreAllCounted() throws {
        let server = try blocks(process: "workers = 8\nworkers_min = 8")
        let peers = try (0..<16).map { _ in try connect(server) }
        for peer in peers { try peer.send(String(repeating: "done\n", count: 200)) }
        for peer in peers { for _ in 0..<200 { _ = try peer.receiveLine() } }
        #expect(try #require(try server.listener("blocks")).counts.requests == 3_200)
    }

    @Test func echoStreamsThroughWorkersAreByteExact() throws {
        let server = try RunningServer.echo(process: "workers = 4", "dispatch = \"workers\"")
        var load = EchoLoad(address: try TargetAddress(server.address().text), ending: .messages(4_000), seed: 7)
        load.connections = 32
        load.messageSize = 3_000
        load.depth = 8
        let report = try load.run()
        #expect(report.isClean, "\(report.firstFailure ?? "")")
        #expect(report.messages == 4_000)
    }

    @Test func aListenerMayNotContradictItsPluginsDispatch() throws {
        let folder = try ServerFolder()
        try folder.installFixture("blocks", "dispatch = \"loops\"")
        let result = try folder.martlet("config", "check", folder.plugins)
        #expect(result.status == 1)
        #expect(result.errors.contains("blocks.toml:3:1: dispatch: its plugin blocks may block"), "\(result)")
        try folder.remove("blocks.toml")
        try folder.installShout("dispatch = \"workers\"")
        let other = try folder.martlet("config", "check", folder.plugins)
        #expect(other.errors.contains("dispatch: its plugin shout runs on event loops only"), "\(other)")
    }
}
