import Glibc
import Server
import Testing

/// The effects of a plugin's calls on a connection, seen from outside. The plugin is in C and was written from the header alone.
@Suite struct ConnectionFunctionTests {
    private let every: EveryFunctionServer
    private let server: RunningServer

    init() throws {
        every = try EveryFunctionServer()
        server = every.server
    }

    @Test func outputArrivesWhicheverWayItWasWritten() throws {
        let peer = try every.connect()
        #expect(try peer.ask("reserve a place") == "a place")
        #expect(try peer.ask("write a copy") == "a copy")
        #expect(try peer.ask("write_shared a loan") == "a loan")
        try waitUntil("the lent memory is released") { try every.metric("released_total") == 1 }
        try peer.send("send_file\n")
        expectSame(try peer.receive(EveryFunctionServer.content.count), EveryFunctionServer.content)
        try waitUntil("the file is released") { try every.metric("released_total") == 2 }
    }

    @Test func aPeerThatReadsAgainMakesTheSessionWritable() throws {
        let peer = try every.connect()
        try peer.send("full\n")
        var bytes: [UInt8] = []
        while !bytes.contains(UInt8(ascii: "\n")) { bytes += try peer.receiveSome() }
        #expect(bytes.prefix { $0 == 0 }.count >= 4_096)
        bytes = Array(bytes.drop { $0 == 0 })
        while bytes.count < 16 { bytes += try peer.receiveSome() }
        #expect(String(decoding: bytes, as: UTF8.self) == "\nwritable again\n")
    }

    @Test func wantedInputIsPresentedOnce() throws {
        let peer = try every.connect()
        #expect(try peer.ask("want 5000") == "want 0")
        let before = try #require(try server.listener("every")).counts.bytesReceived
        try peer.send(patternBytes(2_000))
        try waitUntil("a part has arrived") {
            try #require(try server.listener("every")).counts.bytesReceived == before + 2_000
        }
        try peer.send(patternBytes(3_000))
        #expect(try peer.receiveLine() == "wanted 5000, found 5000")
        #expect(try peer.ask("want 1000000000") == "want -2")
    }

    @Test func noInputIsPresentedWhilePaused() throws {
        let peer = try every.connect()
        try peer.send("pause\none\n")
        try peer.send("two\n")
        #expect(try peer.receiveLine() == "timer fired")
        #expect(try peer.receiveLine() == "line 2 of version 1.0.0")
        #expect(try peer.receiveLine() == "line 3 of version 1.0.0")
    }

    /// How the connection ends, the reason passed to `closed`, and which side the counters hold responsible.
    @Test func connectionsEndForThePluginsReason() throws {
        let ends: [(line: String, end: Peer.End, reason: Int)] = [
            ("close", .closed, 1), ("abort", .reset, 1), ("abort peer", .reset, 15), ("fail peer", .reset, 15),
            ("abort self", .reset, 16), ("fail self", .reset, 16),
        ]
        for (line, end, reason) in ends {
            let seen = server.log.split(separator: "closed for reason \(reason).").count
            let peer = try every.connect()
            try peer.send(line + "\n")
            if end == .closed { #expect(try peer.receiveLine() == "bye") }
            #expect(try peer.waitForEnd() == end, "\(line)")
            try waitUntil("the reason of \"\(line)\" is logged") {
                server.log.split(separator: "closed for reason \(reason).").count == seen + 1
            }
        }
        try waitUntil("all failures are counted") { try server.listener("every")?.counts.failures == 2 }
        let counts = try #require(try server.listener("every")).counts
        #expect(counts.peerErrors == 2)
        #expect(counts.failedRequests == 2)
    }

    @Test func aHalfClosedPeerIsAnswered() throws {
        let peer = try every.connect()
        peer.finishSending()
        #expect(try peer.receiveLine() == "you have closed")
        #expect(try peer.waitForEnd() == .closed)
    }

    @Test func aConnectionReportsItsAddressesAndId() throws {
        let (one, other) = (try every.connect(), try every.connect())
        let listening = try server.address(of: "every").port
        #expect(try one.ask("address") == "127.0.0.1:\(port(of: one)) at 127.0.0.1:\(listening)")
        let (id, otherID) = (UInt64(try one.ask("id")), UInt64(try other.ask("id")))
        #expect(id != nil && id != 0 && id != otherID)
        #expect(UInt64(try one.ask("id")) == id)
        let (before, start) = (monotonicNanoseconds(), wallClockSeconds())
        let clocks = try one.ask("clocks").split(separator: " ").compactMap { Int64($0) }
        #expect(clocks.count == 2)
        #expect(clocks[0] >= Int64(before) && clocks[0] <= Int64(monotonicNanoseconds()))
        #expect(clocks[1] >= start - 1 && clocks[1] <= wallClockSeconds())
        #expect(try one.ask("start_tls") == "start_tls -6")
    }

    @Test func requestsAreCounted() throws {
        let peer = try every.connect()
        #expect(try peer.ask("request_done 200") == "request_done 0")
        #expect(try peer.ask("request_done 503") == "request_done 0")
        try waitUntil("the requests are counted") { try server.listener("every")?.counts.requests == 2 }
        #expect(try server.listener("every")?.counts.failedRequests == 1)
    }

    private func port(of peer: Peer) -> UInt16 {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) {
            _ = $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(peer.descriptor, $0, &length) }
        }
        return UInt16(bigEndian: address.sin_port)
    }
}

/// The same plugin with limits and with a second listener.
@Suite struct ConnectionRuleFunctionTests {
    /// One peer owes input until it is disconnected. The other one, which connected first, does not.
    @Test func aPeerThatOwesInputTimesOut() throws {
        let every = try EveryFunctionServer("[limits]\nrequest_timeout = \"500ms\"")
        let (quiet, debtor) = (try every.connect(), try every.connect())
        #expect(try quiet.ask("expect_input 1") == "expect_input 0")
        #expect(try quiet.ask("expect_input 0") == "expect_input 0")
        #expect(try debtor.ask("expect_input 1") == "expect_input 0")
        _ = try debtor.waitForEnd()
        try every.server.waitForLog("closed for reason 12.")
        #expect(try quiet.ask("still here") == "line 3 of version 1.0.0")
    }

    @Test func aConnectionIsHandedOverWithItsInput() throws {
        let every = try EveryFunctionServer()
        try EveryFunctionServer.listen(every.folder, "other")
        #expect(try every.server.reload("other") == .started)
        let peer = try every.connect()
        #expect(try peer.ask("hand_over nobody") == "hand_over -2")
        #expect(try peer.ask("hand_over every") == "hand_over -2")
        try peer.send("hand_over other\ninfo\n")
        let answer = try peer.receiveLine()
        #expect(answer.hasPrefix("listener other generation 1 "))
        #expect(answer.hasSuffix("origin 3 at front"))
        try every.server.waitForLog("closed for reason 17.")
        #expect(try every.server.listener("every")?.counts.open == 0)
        #expect(try every.server.listener("other")?.counts.open == 1)
    }
}
