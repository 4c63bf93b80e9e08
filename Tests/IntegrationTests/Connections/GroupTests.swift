import Glibc
import Testing

/// Groups of connections, output to other connections, and timers of instances.
@Suite struct GroupTests {
    private func server(_ more: String = "", loops: Int = 2) throws -> RunningServer {
        try RunningServer.mover(.tally("1"), more, process: "loops = \(loops)")
    }

    /// Peers on both loops: SO_REUSEPORT spreads them.
    private func members(_ count: Int, of server: RunningServer, joining word: String = "join") throws -> [Peer] {
        try (0..<count).map { _ in
            let peer = try server.mover("tally")
            guard try peer.ask("\(word) room") == "join 0" else { throw Failure("join: refused") }
            return peer
        }
    }

    @Test(arguments: ["loops", "workers"])
    func aMessageReachesEveryMemberOnceAndInOrder(dispatch: String) throws {
        let server = try server("dispatch = \"\(dispatch)\"")
        let peers = try members(40, of: server)
        let sender = try server.mover("tally")
        try waitUntil("all have joined") { try sender.ask("members room") == "40" }
        try sender.send((0..<50).map { "send room message \($0)\n" }.joined())
        for _ in 0..<50 { #expect(try sender.receiveLine() == "send 0") }
        for peer in peers {
            for number in 0..<50 { #expect(try peer.receiveLine() == "message \(number)") }
            #expect(try peer.ask("that is all") == "that is all")
        }
    }

    @Test func aMemberCanLeaveAndIsGoneWithItsSession() throws {
        let server = try server()
        let peers = try members(4, of: server)
        #expect(try peers[0].ask("join room") == "join 0")
        #expect(try peers[0].ask("leave room") == "leave 0")
        #expect(try peers[0].ask("leave room") == "leave 0")
        peers[1].close()
        let sender = try server.mover("tally")
        try waitUntil("two are left") { try sender.ask("members room") == "2" }
        #expect(try sender.ask("send room hello") == "send 0")
        for peer in peers[2...] { #expect(try peer.receiveLine() == "hello") }
        #expect(try peers[0].ask("nothing") == "nothing")
        #expect(try peers[2].ask("others room from 2") == "send 0")
        #expect(try peers[3].receiveLine() == "from 2")
        #expect(try peers[2].ask("nothing for 2") == "nothing for 2")
    }

    @Test func namesAndSizesAreChecked() throws {
        let server = try server("[limits]\noutput_high_water = \"64KiB\"\noutput_low_water = \"1KiB\"")
        let peer = try server.mover("tally")
        #expect(try peer.ask("join " + String(repeating: "x", count: 255)) == "join 0")
        #expect(try peer.ask("join " + String(repeating: "x", count: 256)) == "join -2")
        #expect(try peer.ask("join") == "join -2")
        #expect(try peer.ask("flood room 65537") == "send -2")
        #expect(try peer.ask("flood room 65536") == "send 0")
        #expect(try peer.ask("members nobody") == "0")
    }

    @Test func aConnectionIsInABoundedNumberOfGroups() throws {
        let server = try server(loops: 1)
        let peer = try server.mover("tally")
        try peer.send((0...4_096).map { "join group\($0)\n" }.joined())
        for _ in 0..<4_096 { #expect(try peer.receiveLine() == "join 0") }
        #expect(try peer.receiveLine() == "join -4")
        peer.close()
        let other = try server.mover("tally")
        try waitUntil("its groups are forgotten") { try other.ask("members group7") == "0" }
    }

    /// A member that does not read misses messages, or is closed, and nobody else notices.
    @Test(arguments: ["join", "strict"])
    func aMemberThatDoesNotReadIsSkippedOrClosed(word: String) throws {
        let server = try server(loops: 1)
        let deaf = try Peer(server.address(of: "tally"), receiveBuffer: 4_096)
        #expect(try deaf.ask("\(word) room") == "join 0")
        let (watcher, sender) = (try server.mover("tally"), try server.mover("tally"))
        #expect(try watcher.ask("join closings") == "join 0")
        var sent = 0
        try waitUntil("the backlog is full") {
            #expect(try sender.ask("flood room 60000") == "send 0")
            sent += 1
            return try server.listener("tally")?.counts.limits["group_backlog"] ?? 0 > 0
        }
        if word == "strict" {
            #expect(try watcher.receiveLine() == "closed 18")
            #expect(try sender.ask("members room") == "0")
        } else {
            #expect(try sender.ask("members room") == "1")
            var received = 0
            while deaf.hasInput(within: 500) { received += try deaf.receiveSome().count }
            #expect(received % 60_000 == 0 && received > 0 && received < sent * 60_000)
        }
    }

    @Test func membersStayAcrossASwap() throws {
        let server = try server()
        let peers = try members(10, of: server)
        for version in 2...3 {
            #expect(try server.swap(to: .tally("\(version)")).counts == [10, 0, 0])
            #expect(try peers[0].ask("members room") == "10")
            try peers[0].send("others room \(version)\n")
            #expect(try peers[0].receiveLine() == "send 0")
            for peer in peers[1...] { #expect(try peer.receiveLine() == "\(version)") }
        }
    }

    /// Members of both generations get a message from either.
    @Test func bothGenerationsShareTheirGroups() throws {
        let server = try RunningServer.mover(.tally("1", ["USABLE": "1"]), "on_reload = \"pin\"")
        let old = try members(2, of: server)
        #expect(try server.swap(to: .tally("2", ["USABLE": "1"])).counts == [0, 0, 2])
        let new = try members(2, of: server)
        #expect(try new[0].ask("members room") == "4")
        for sender in [old[0], new[0]] {
            #expect(try sender.ask("others room hello") == "send 0")
            for peer in old + new where peer !== sender { #expect(try peer.receiveLine() == "hello") }
        }
    }

    // MARK: Other connections

    @Test func aCallbackWritesToAnotherConnectionOfItsLoop() throws {
        let server = try server(loops: 1)
        let (one, other) = (try server.mover("tally"), try server.mover("tally"))
        let id = try other.ask("id")
        #expect(try one.ask("to \(id) hello") == "written")
        #expect(try other.receiveLine() == "hello")
        let own = try one.ask("id")
        try one.send("to \(own) me\n")
        #expect(try [one.receiveLine(), one.receiveLine()] == ["me", "written"])
        #expect(try one.ask("to 1 hello") == "nobody")
        #expect(try one.ask("fill \(id) 4000000") == "1", "FULL: above the high-water mark")
        #expect(try other.receive(4_000_000).count == 4_000_000)
        #expect(try one.ask("to \(id) bye") == "written")
        #expect(try other.receiveLine() == "bye")
        #expect(try other.waitForEnd() == .closed)
        try waitUntil("it is gone") { try one.ask("to \(id) hello") == "nobody" }
    }

    @Test func aCallbackMayResetAnotherConnectionAndNothingElse() throws {
        let server = try server(loops: 1)
        let (one, other) = (try server.mover("tally"), try server.mover("tally"))
        let id = try other.ask("id")
        #expect(try [one.ask("to \(id) pause"), one.receiveLine()] == ["pause -1", "written"])
        #expect(try other.receiveLine() == "pause")
        #expect(try server.listener("tally")?.counts.faults == 1)
        #expect(try one.ask("to \(id) reset") == "written")
        #expect(try other.waitForEnd() == .reset)
    }

    @Test func callbacksOnWorkersReachNobodyElse() throws {
        let server = try server("dispatch = \"workers\"", loops: 1)
        let (one, other) = (try server.mover("tally"), try server.mover("tally"))
        #expect(try one.ask("to \(other.ask("id")) hello") == "nobody")
    }

    @Test func aDeliveryCanBePostedToALoop() throws {
        let server = try server(loops: 2)
        let peer = try server.mover("tally")
        let own = try #require(try peer.ask("version").last)
        try peer.send("post \(own)\n")
        #expect(try [peer.receiveLine(), peer.receiveLine()] == ["post 0", "posted to loop \(own)"])
        #expect(try peer.ask("post 2") == "post -2")
    }

    // MARK: Timers

    @Test func timersTickOnLoopsAndWorkersUntilTheyAreCancelled() throws {
        let server = try server(loops: 2)
        let (peer, watcher) = (try server.mover("tally"), try server.mover("tally"))
        #expect(try watcher.ask("join ticks") == "join 0")
        #expect(try peer.ask("start 1 1 0") == "timer 0 1")
        #expect(try watcher.receiveLine() == "tick on 1")
        try waitUntil("it has ended") { try server.metric("released_total", of: "tally") == 1 }
        #expect(try peer.ask("cancel 1") == "cancel -2")
        #expect(try peer.ask("start -1 1 1") == "timer 0 2")
        for _ in 0..<5 { #expect(try watcher.receiveLine() == "tick on -1") }
        #expect(try peer.ask("cancel 2") == "cancel 0")
        try waitUntil("it has ended") { try server.metric("released_total", of: "tally") == 2 }
        #expect(try peer.ask("start 2 1 1") == "timer -2 0")
    }

    @Test func anInstanceHasABoundedNumberOfTimersWhichEndWithIt() throws {
        let server = try server(loops: 2)
        let peer = try server.mover("tally")
        try peer.send((0...1_024).map { "start \($0 % 2) 3600000 0\n" }.joined())
        for number in 1...1_024 { #expect(try peer.receiveLine() == "timer 0 \(number)") }
        #expect(try peer.receiveLine() == "timer -4 0")
        #expect(try server.swap(to: .tally("2")).outcome == .swapped)
        try waitUntil("they have ended") { try server.metric("released_total", of: "tally") == 1_024 }
        try waitUntil("the old generation ends") { try server.generations(of: "tally") == [2] }
    }
}
