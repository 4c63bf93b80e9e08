import Glibc
import Server
import Testing

/// Connections go on when their host dies.
@Suite(.serialized) struct AdoptionTests {
    /// What the log says of the last succession: "adopted=12 host=shared lost=0".
    private func succession(_ server: RunningServer, _ number: Int = 1) throws -> String {
        try waitUntil("connections have gone on") {
            server.log.split(separator: "connections go on in the new host").count > number
        }
        let line = server.log.split(separator: "\n").last { $0.contains("connections go on in the new host") }
        return String(try #require(line).split(separator: "new host ").last ?? "")
    }

    private func kill(_ server: RunningServer, _ number: Int32 = SIGKILL) throws {
        let host = try server.host
        Glibc.kill(host, number)
        try server.waitForHost(after: host)
    }

    @Test(arguments: ["loops", "workers"]) func streamsGoOnThroughManyDeaths(_ dispatch: String) throws {
        let folder = try ServerFolder()
        try folder.installEcho(on: ["127.0.0.1:0", "unix:\(folder.path)/echo.sock"], "dispatch = \"\(dispatch)\"")
        let server = try RunningServer(folder)
        var peers = try (0..<100).map { try server.connect(to: "echo", $0 % 2) }
        var lost = 0
        for round in 1...3 * Torture.factor {
            lost += try peers.ask("of round \(round)") { try server.connect(to: "echo", $0 % 2) }
            try kill(server)
            // Bytes that arrive while nobody is there wait in the kernel.
            for (number, peer) in peers.enumerated() { try? peer.send("\(number) again\n") }
            for (number, peer) in peers.enumerated() where (try? peer.receiveLine()) != "\(number) again" {
                lost += 1
                peers[number] = try server.connect(to: "echo", number % 2)
            }
        }
        Losses(server).expect(lost, threads: 3)
        #expect(Losses(server).lines.count == 3 * Torture.factor)
    }

    /// A signal to the host at any moment, also while the one before still takes over. Each loop may be working on one connection then.
    @Test func aHostThatDiesWhileItTakesOverLosesOnlyWhatItWorksOn() throws {
        let server = try RunningServer.echo()
        server.mayCrash = true
        var peers = try (0..<50).map { _ in try server.connect() }
        for peer in peers { #expect(try peer.ask("before") == "before") }
        var lost = 0
        for round in 0..<10 {
            let host = try server.host
            Glibc.kill(host, SIGKILL)
            // The next one dies soon after it has begun.
            try waitUntil("the next one has begun", within: .seconds(30)) {
                Processes.named("martlet-host").contains {
                    $0 != host && Processes.parent(of: $0) == server.process.pid
                }
            }
            poll(nil, 0, Int32(round * 3))
            for next in Processes.named("martlet-host") where Processes.parent(of: next) == server.process.pid {
                Glibc.kill(next, SIGKILL)
            }
            lost += try peers.ask("round \(round)") { _ in try server.connect() }
        }
        Losses(server).expect(lost, threads: 2)
    }

    /// With the workers paused, everything waits for them.
    @Test func whatWaitsForAWorkerGoesOn() throws {
        let server = try RunningServer.echo(process: "", "dispatch = \"workers\"")
        let peers = try (0..<50).map { _ in try server.connect() }
        for peer in peers { #expect(try peer.ask("before") == "before") }
        #expect(try server.folder.martlet("workers", "pause").status == 0)
        for (number, peer) in peers.enumerated() { try peer.send("\(number) waits\n") }
        try waitUntil("all wait") { try server.status().workers.queued == 50 }
        try kill(server)
        #expect(try succession(server) == "adopted=50 host=shared lost=0")
        for (number, peer) in peers.enumerated() { #expect(try peer.receiveLine() == "\(number) waits") }
    }

    @Test func onlyThePeerThatCausedTheCrashIsLost() throws {
        let folder = try ServerFolder()
        try folder.installEcho()
        try folder.installDies()
        let server = try RunningServer(folder)
        let peers = try (0..<20).map { _ in try server.connect() }
        for peer in peers { #expect(try peer.ask("before") == "before") }
        let host = try server.host
        try server.die("die segv")
        try server.waitForHost(after: host)
        #expect(try succession(server) == "adopted=20 host=shared lost=1 lost_busy=1")
        for peer in peers { #expect(try peer.ask("after") == "after") }
    }

    @Test func aDownloadGoesOnAndKeepsItsBytes() throws {
        let folder = try ServerFolder()
        let content = patternBytes(12 << 20)
        try Files.replace(folder.file("large.bin"), with: content, mode: 0o644)
        try folder.install(BuildFolder.plugin("HTTPPlugin"), as: "http.so")
        try folder.listen(
            "http", plugin: "http.so",
            "[[options.routes]]\npath = \"/\"\nroot = \"\(folder.file("."))\"\n")
        let server = try RunningServer(folder)
        let address = try server.address(of: "http")
        let (idle, loading) = (try HTTPPeer(address), try Peer(address, receiveBuffer: 1 << 20))
        #expect(try idle.get("/nothing").status == 404)
        try loading.send("GET /large.bin HTTP/1.1\r\nHost: localhost\r\n\r\n")
        try waitUntil("the download has begun") { loading.hasInput(within: 10) }
        try kill(server)
        #expect(try succession(server) == "adopted=2 host=shared lost=0")
        #expect(try loading.receiveLine() == "HTTP/1.1 200 OK\r")
        while try loading.receiveLine() != "\r" {}
        expectSame(try loading.receive(content.count), content)
        #expect(try idle.get("/nothing").status == 404)
        try loading.send("GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n")
        #expect(try loading.receiveLine() == "HTTP/1.1 404 Not Found\r")
        let host = try server.host
        try waitUntil("the file is closed") {
            !Files.names(in: "/proc/\(host)/fd").contains {
                Processes.link("/proc/\(host)/fd/\($0)").hasSuffix("large.bin")
            }
        }
    }

    @Test func anUploadGoesOn() throws {
        let folder = try ServerFolder()
        try folder.install(BuildFolder.plugin("HTTPPlugin"), as: "http.so")
        try folder.listen("http", plugin: "http.so", "[[options.routes]]\npath = \"/echo\"\necho = true\n")
        let server = try RunningServer(folder)
        let peer = try HTTPPeer(server.address(of: "http"))
        let body = patternBytes(300_000)
        try peer.send("POST", "/echo", ["Content-Length: \(body.count)"])
        try peer.peer.send(Array(body[..<100_000]))
        try waitUntil("a part has arrived") { try server.listener("http")?.counts.bytesReceived ?? 0 > 100_000 }
        try kill(server)
        #expect(try succession(server) == "adopted=1 host=shared lost=0")
        nonisolated(unsafe) let sender = peer
        let rest = try Background { try sender.peer.send(Array(body[100_000...])) }
        let answer = try peer.answer()
        try rest.value()
        expectSame(answer.body, body)
    }

    @Test func membersOfAGroupStayInIt() throws {
        let folder = try ServerFolder()
        try folder.install(BuildFolder.plugin("ChatPlugin"), as: "chat.so")
        try folder.listen("chat", plugin: "chat.so")
        let server = try RunningServer(folder)
        let people = try ["ann", "bob", "eve"].map { name in
            let peer = try server.connect(to: "chat")
            _ = try peer.receiveLine()
            #expect(try peer.ask("/nick \(name)") == "* you are \(name)")
            return peer
        }
        for peer in people {
            try peer.send("/join tea\n")
            while try peer.receiveLine() != "* you are in tea" {}
        }
        // The others join after them.
        #expect(try people[0].receiveLine() == "* bob has joined")
        #expect(try people[0].receiveLine() == "* eve has joined")
        #expect(try people[1].receiveLine() == "* eve has joined")
        try kill(server)
        #expect(try succession(server) == "adopted=3 host=shared lost=0")
        try people[0].send("still here\n")
        #expect(try people[1].receiveLine() == "ann: still here")
        #expect(try people[2].receiveLine() == "ann: still here")
        #expect(try people[2].ask("/who") == "* here: ann, bob, eve")
        people[1].close()
        #expect(try people[0].receiveLine() == "* bob has left")
    }

    @Test func checkpointsGoOn() throws {
        let every = try EveryFunctionServer()
        let peer = try every.connect()
        #expect(try peer.ask("a") == "line 1 of version 1.0.0")
        #expect(try peer.ask("checkpoint") == "checkpoint 0")
        try kill(every.server)
        #expect(try succession(every.server) == "adopted=1 host=shared lost=0")
        // The line with "checkpoint" counts, as it was saved after it.
        #expect(try peer.ask("b") == "line 3 of version 1.0.0")
    }

    /// Peers of a store would read that a key is gone which they have set.
    @Test(arguments: ["RESP", "Binary"]) func peersOfAStoreAreClosed(_ name: String) throws {
        let folder = try ServerFolder()
        try folder.install(BuildFolder.plugin("\(name)Plugin"), as: "store.so")
        try folder.listen("store", plugin: "store.so")
        let server = try RunningServer(folder)
        let peer = try server.connect(to: "store")
        if name == "RESP" { #expect(try peer.ask("PING\r") == "+PONG\r") }
        try waitUntil("it is there") { try server.listener("store")?.counts.open == 1 }
        try kill(server)
        #expect(try succession(server) == "adopted=0 host=shared lost=1 lost_policy=1")
        _ = try peer.waitForEnd()
    }

    @Test func keepersReplaceEachOther() throws {
        let server = try RunningServer.echo()
        let peers = try (0..<10).map { _ in try server.connect() }
        for peer in peers { #expect(try peer.ask("before") == "before") }
        func keepers() -> [pid_t] {
            Processes.named("martlet-keeper").filter {
                Processes.parent(of: $0) == server.process.pid && !Processes.isZombie($0)
            }
        }
        var seen: Set<pid_t> = []
        for _ in 0..<4 {
            try waitUntil("there are two") { keepers().count == 2 }
            let one = try #require(keepers().first { !seen.contains($0) } ?? keepers().first)
            seen.formUnion(keepers())
            Glibc.kill(one, SIGKILL)
            try waitUntil("there is another one") { keepers().contains { !seen.contains($0) } }
        }
        try waitUntil("there are two") { keepers().count == 2 }
        try waitUntil("they are listed") {
            try server.allProcesses.filter { $0.role == .keeper && $0.name == "shared" }.map(\.pid)
                == keepers().sorted()
        }
        try kill(server)
        #expect(try succession(server) == "adopted=10 host=shared lost=0")
        for peer in peers { #expect(try peer.ask("after") == "after") }
        // Those of the host that has died are gone, and those that were killed.
        try waitUntil("two are left") { keepers().count == 2 }
        try waitUntil("all others are reaped") {
            Processes.named("martlet-keeper").count { Processes.parent(of: $0) == server.process.pid } == 2
        }
    }

    @Test func withoutKeepersTheConnectionsEndAndTheListenersGoOn() throws {
        let server = try RunningServer.echo()
        let peer = try server.connect()
        #expect(try peer.ask("before") == "before")
        let host = try server.host
        let all = Processes.named("martlet-keeper").filter { Processes.parent(of: $0) == server.process.pid }
        // At the same moment, so that none replaces another.
        for process in all { Glibc.kill(process, SIGSTOP) }
        for process in all { Glibc.kill(process, SIGKILL) }
        try server.waitForLog("the host has no keepers")
        Glibc.kill(host, SIGKILL)
        try server.waitForHost(after: host)
        _ = try peer.waitForEnd()
        #expect(try server.connect().ask("after") == "after")
    }
}
