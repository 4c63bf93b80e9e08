import Glibc
import Server
import Testing

/// A fresh host takes the place of another one, and the connections go on in it.
@Suite(.serialized) struct RenewalTests {
    @discardableResult
    private func renew(_ server: RunningServer) throws -> RenewalReport {
        try #require(try server.ask("renew").renewal)
    }

    private func formerHosts(_ server: RunningServer) throws -> [ProcessRow] {
        try server.processes.filter { $0.name.hasSuffix(", former") }
    }

    private func waitForOneHost(_ server: RunningServer) throws {
        try waitUntil("the former host has ended") { try formerHosts(server).isEmpty }
    }

    @Test(arguments: ["loops", "workers"]) func streamsAndVisitsGoOnThroughManyRenewals(_ dispatch: String) throws {
        let folder = try ServerFolder()
        try folder.installEcho(on: ["127.0.0.1:0", "unix:\(folder.path)/echo.sock"], "dispatch = \"\(dispatch)\"")
        let server = try RunningServer(folder)
        let idle = try (0..<300).map { try server.connect(to: "echo", $0 % 2) }
        for (number, peer) in idle.enumerated() { #expect(try peer.ask("\(number)") == "\(number)") }
        let addresses = [try server.address(), try server.address(of: "echo", 1)]
        let streams = try (0..<8).map { stream in
            try SteadyClient {
                let peer = try Peer(addresses[stream % 2])
                nonisolated(unsafe) var round = 0
                return {
                    round += 1
                    let text = "\(stream): \(round)"
                    guard try peer.ask(text) == text else { throw Failure("\(text): another answer") }
                }
            }
        }
        let visitors = try Visitors(addresses[0])
        for _ in 1...5 * Torture.factor {
            let host = try server.host
            let (rounds, visits) = (streams.map(\.rounds), visitors.count)
            let report = try renew(server)
            #expect(report.formerProcess == host && report.process != host && report.closed == 0, "\(report)")
            #expect(report.moved + report.staying >= 300, "\(report)")
            try waitUntil("all go on") {
                zip(streams, rounds).allSatisfy { $0.rounds > $1 || $0.hasFailed } && visitors.count > visits
            }
            try waitForOneHost(server)
        }
        for stream in streams { #expect(try stream.finish() > 0) }
        #expect(try visitors.finish() > 0)
        for (number, peer) in idle.enumerated() { #expect(try peer.ask("again \(number)") == "again \(number)") }
        #expect(!server.log.contains("lost"))
        // The last visit may still be there.
        try waitUntil("the connections are counted once") { try server.openConnections == 300 }
    }

    @Test func aDownloadGoesOnAndKeepsItsBytes() throws {
        let folder = try ServerFolder()
        let content = patternBytes(12 << 20)
        try Files.replace(folder.file("large.bin"), with: content, mode: 0o644)
        try folder.install(BuildFolder.plugin("HTTPPlugin"), as: "http.so")
        try folder.listen(
            "http", plugin: "http.so", "[[options.routes]]\npath = \"/\"\nroot = \"\(folder.file("."))\"\n")
        let server = try RunningServer(folder)
        let address = try server.address(of: "http")
        let (idle, loading) = (try HTTPPeer(address), try Peer(address, receiveBuffer: 1 << 20))
        #expect(try idle.get("/nothing").status == 404)
        try loading.send("GET /large.bin HTTP/1.1\r\nHost: localhost\r\n\r\n")
        try waitUntil("the download has begun") { loading.hasInput(within: 10) }
        for _ in 0..<3 { #expect(try renew(server).moved == 2) }
        #expect(try loading.receiveLine() == "HTTP/1.1 200 OK\r")
        while try loading.receiveLine() != "\r" {}
        expectSame(try loading.receive(content.count), content)
        #expect(try idle.get("/nothing").status == 404)
    }

    /// Each message of one member reaches the other once, in order, whatever host both are in.
    @Test func noMessageOfAGroupIsLost() throws {
        let folder = try ServerFolder()
        try folder.install(BuildFolder.plugin("ChatPlugin"), as: "chat.so")
        try folder.listen("chat", plugin: "chat.so")
        let server = try RunningServer(folder)
        let people = try ["ann", "bob"].map { name in
            let peer = try server.connect(to: "chat")
            _ = try peer.receiveLine()
            #expect(try peer.ask("/nick \(name)") == "* you are \(name)")
            try peer.send("/join tea\n")
            while try peer.receiveLine() != "* you are in tea" {}
            return peer
        }
        nonisolated(unsafe) let (ann, bob) = (people[0], people[1])
        #expect(try ann.receiveLine() == "* bob has joined")
        let speaker = try SteadyClient {
            nonisolated(unsafe) var number = 0
            return {
                number += 1
                try ann.send("\(number)\n")
                let heard = try bob.receiveLine()
                guard heard == "ann: \(number)" else { throw Failure("expected \(number), heard \(heard)") }
            }
        }
        for _ in 0..<5 {
            let rounds = speaker.rounds
            try renew(server)
            try waitUntil("she goes on") { speaker.rounds > rounds || speaker.hasFailed }
        }
        _ = try speaker.finish()
    }

    /// A reload of the same would close nobody either: the state moves, and the sessions with it.
    @Test func aStoreMovesWithItsPeers() throws {
        let folder = try ServerFolder()
        for name in ["RESP", "Binary"] {
            try folder.install(BuildFolder.plugin("\(name)Plugin"), as: "\(name).so")
            try folder.listen(name.lowercased(), plugin: "\(name).so")
        }
        let server = try RunningServer(folder)
        let peer = try server.connect(to: "resp")
        for number in 1...3 {
            #expect(try peer.ask("SET key\(number) value\r") == "+OK\r")
            let report = try renew(server)
            #expect(report.moved == 1 && report.stateBytes > 0 && report.closed == 0, "\(report)")
            #expect(try peer.ask("GET key\(number)\r") == "$5\r")
            #expect(try peer.receiveLine() == "value\r")
        }
        #expect(try server.connect(to: "resp").ask("EXISTS key1 key2 key3\r") == ":3\r")
    }

    @Test func aBusyConnectionFollowsLater() throws {
        let folder = try ServerFolder()
        try folder.installFixture("blocks", "dispatch = \"workers\"")
        let server = try RunningServer(folder)
        let (busy, idle) = (try server.connect(to: "blocks"), try server.connect(to: "blocks"))
        for peer in [busy, idle] { #expect(try peer.receiveLine().hasPrefix("0 hello")) }
        try busy.send("sleep 3000\nwell\n")
        try waitUntil("a worker has it") { try server.status().workers.running == 1 }
        // The other one may have just come back from a worker.
        let report = try renew(server)
        #expect(report.moved + report.staying == 2 && report.staying > 0, "\(report)")
        #expect(try idle.ask("here").hasPrefix("1 here"))
        #expect(try busy.receiveLine().hasPrefix("1 sleep"))
        #expect(try busy.receiveLine().hasPrefix("2 well"))
        try waitForOneHost(server)
        #expect(try busy.ask("there").hasPrefix("3 there"))
        #expect(try server.openConnections == 2)
    }

    /// Sessions that only their plugin understands stay where they are, for as long as their peers want.
    @Test func whatCannotMoveStaysUntilItEnds() throws {
        let folder = try ServerFolder()
        try folder.installFixture("stalls")
        try folder.installEcho()
        let server = try RunningServer(folder)
        let (pinned, mobile) = (try server.connect(to: "stalls"), try server.connect())
        #expect(try pinned.ask("one") == "one")
        #expect(try mobile.ask("one") == "one")
        let first = try server.host
        for round in 1...2 {
            let report = try renew(server)
            #expect(report.moved == 1 && report.staying == (round == 1 ? 1 : 0), "\(report)")
            #expect(try pinned.ask("two") == "two")
            #expect(try mobile.ask("two") == "two")
            let next = try server.connect()
            #expect(try next.ask("three") == "three")
            if round == 1 { next.close() }
            try waitUntil("it is gone") { try server.listener("echo")?.counts.open == UInt64(round) }
        }
        try waitUntil("one former host is left") { try formerHosts(server).map(\.pid) == [first] }
        #expect(try server.listener("stalls")?.generations.map(\.connections) == [1, 0])
        pinned.close()
        try waitForOneHost(server)
    }

    @Test func aFormerHostThatDiesTakesOnlyWhatItHas() throws {
        let folder = try ServerFolder()
        try folder.installFixture("stalls")
        try folder.installEcho()
        let server = try RunningServer(folder)
        server.mayCrash = true
        let (pinned, mobile) = (try server.connect(to: "stalls"), try server.connect())
        #expect(try pinned.ask("one") == "one")
        #expect(try mobile.ask("one") == "one")
        let former = try #require(try renew(server).formerProcess)
        Glibc.kill(former, SIGKILL)
        _ = try pinned.waitForEnd()
        try waitForOneHost(server)
        try server.waitForLog("adopted=0 host=shared lost=1 lost_session=1")
        #expect(try mobile.ask("two") == "two")
        #expect(try server.connect(to: "stalls").ask("two") == "two")
    }

    @Test func aFreshHostThatDiesIsReplacedLikeAnyOther() throws {
        let server = try RunningServer.echo()
        server.mayCrash = true
        var (peers, lost) = (try (0..<20).map { _ in try server.connect() }, 0)
        for round in 0..<5 {
            try renew(server)
            let host = try server.host
            Glibc.kill(host, SIGKILL)
            try server.waitForHost(after: host)
            lost += try peers.ask("round \(round)") { _ in try server.connect() }
        }
        Losses(server).expect(lost, threads: 2)
    }

    @Test func nothingChangesWhenAHostCannotBeRenewed() throws {
        let folder = try ServerFolder(process: "loops = 2\nloop_timeout = \"200ms\"")
        try folder.installFixture("stalls")
        let server = try RunningServer(folder)
        let unknown = try server.folder.martlet("processes", "renew", "chat")
        #expect(unknown.status == 1)
        #expect(unknown.errors.contains("chat: there is no such host; see: martlet processes"))
        let (host, peer) = (try server.host, try server.connect(to: "stalls"))
        try peer.send("stall\n")
        try waitUntil("a loop hangs") { try server.status().loops.contains { $0.stuckIn != nil } }
        let result = try server.folder.martlet("processes", "renew", "shared")
        #expect(result.status == 1 && result.errors.contains("the host does not stand still"), "\(result)")
        try Files.replace(folder.file("stall-over"), with: [])
        #expect(try peer.receiveLine() == "stall")
        try waitUntil("the loop turns again") { try server.status().loops.allSatisfy { $0.stuckIn == nil } }
        for _ in 0..<10 { #expect(try server.connect(to: "stalls").ask("well") == "well") }
        #expect(try server.host == host)
    }

    @Test func aTrialEndsFirst() throws {
        let server = try RunningServer.echo(process: "", "[rollout]\npercent = 10\nhold = \"1h\"\n")
        try server.folder.install(BuildFolder.plugin("EchoPlugin"), as: "echo.so", appending: Array("next".utf8))
        #expect(try server.reload("echo") == .trial)
        let result = try server.folder.martlet("processes", "renew")
        #expect(result.status == 1 && result.errors.contains("echo: a new generation is on trial"), "\(result)")
        #expect(try server.connect().ask("well") == "well")
    }

    /// A Swift plugin leaves its code behind at each swap.
    @Test func aHostWithManyRetiredImagesIsRenewed() throws {
        let server = try RunningServer.echo(process: "max_retired_images = 3")
        let (host, peer) = (try server.host, try server.connect())
        for number in 1...4 {
            #expect(try peer.ask("\(number)") == "\(number)")
            try server.folder.install(
                BuildFolder.plugin("EchoPlugin"), as: "echo.so", appending: Array("number \(number)".utf8))
            #expect(try server.reload("echo") == .swapped)
        }
        try waitUntil("there is a fresh host", within: .seconds(30)) { try server.host != host }
        #expect(try peer.ask("after") == "after")
        try waitUntil("the former host is gone") { try server.status().retiredImages.count == 0 }
        try server.waitForLog("a fresh host runs the listeners")
    }

    /// What the documents show.
    @Test func theCommandSaysWhatItHasDone() throws {
        let server = try RunningServer.echo()
        let peer = try server.connect()
        #expect(try peer.ask("well") == "well")
        let host = try server.host
        let result = try server.folder.martlet("processes", "renew", "shared")
        #expect(result.status == 0)
        #expect(
            result.output.contains("shared renewed: 1 connection moved, 0 stay in the former process \(host)"),
            "\(result)")
        #expect(try peer.ask("well") == "well")
    }
}
