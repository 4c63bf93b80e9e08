import Testing

/// `request_timeout` and `request_min_rate`: several forms of Slowloris, and slow peers that are not attackers.
@Suite struct RequestTimeoutTests {
    /// Sends piece by piece with a pause after each. Returns whether the server cut the connection before the end.
    private func drip(_ bytes: [UInt8], _ size: Int, every milliseconds: Int32, to peer: Peer) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let end = min(sent + size, bytes.count)
            guard (try? peer.send(Array(bytes[sent..<end]))) != nil else { return true }
            sent = end
            if peer.hasInput(within: milliseconds) { return true }
        }
        return false
    }

    @Test func aSlowHeadIsCut() throws {
        let server = try RunningServer.http("[limits]\nrequest_timeout = \"400ms\"")
        let peer = try server.connect(to: "http")
        let head = Array(("GET / HTTP/1.1\r\nHost: x\r\n" + String(repeating: "X-a: b\r\n", count: 100)).utf8)
        let (isCut, time) = measure { drip(head, 1, every: 20, to: peer) }
        #expect(isCut)
        #expect(time > .milliseconds(300), "\(time)")
        _ = try peer.waitForEnd()
        #expect(try server.hits("request_timeout", of: "http") == 1)
        #expect(try HTTPPeer(server.address(of: "http")).get("/").status == 200)
    }

    @Test(arguments: ["Content-Length: 1000", "Transfer-Encoding: chunked"])
    func aSlowBodyIsCut(framing: String) throws {
        let server = try RunningServer.http("[limits]\nrequest_timeout = \"400ms\"\nrequest_min_rate = \"1KiB\"")
        let peer = try server.connect(to: "http")
        try peer.send(
            "POST /echo HTTP/1.1\r\nHost: x\r\n\(framing)\r\n\r\n" + (framing.contains("chunked") ? "3e8\r\n" : ""))
        let deadline = Deadline(in: .seconds(8) * Sanitizer.slowness)
        // Read the echo, so that only the sending is slow.
        while !deadline.isOver, (try? peer.send("x")) != nil {
            observe(for: .milliseconds(20))
            if peer.hasInput(within: 0), (try? peer.receiveSome())?.isEmpty ?? true { break }
        }
        #expect(!deadline.isOver)
        #expect(try server.hits("request_timeout", of: "http") == 1)
    }

    @Test func anUnwantedBodyHasTheSameTimeout() throws {
        let server = try RunningServer.http("[limits]\nrequest_timeout = \"300ms\"")
        let peer = try HTTPPeer(server.address(of: "http"))
        try peer.send("POST", "/nowhere", ["Content-Length: 100000"], body: "begins")
        #expect(try peer.answer().status == 405)
        _ = try peer.peer.waitForEnd()
        #expect(try server.hits("request_timeout", of: "http") == 1)
    }

    @Test func aSlowUploadAboveTheMinimumRateIsAccepted() throws {
        let server = try RunningServer.http("[limits]\nrequest_timeout = \"300ms\"\nrequest_min_rate = \"2KiB\"")
        let client = try HTTPPeer(server.address(of: "http"))
        let body = patternBytes(40_000)
        try client.send("POST", "/echo", ["Content-Length: \(body.count)"])
        // 20 KB a second at most: two seconds.
        for start in stride(from: 0, to: body.count, by: 1_000) {
            try client.peer.send(Array(body[start..<start + 1_000]))
            observe(for: .milliseconds(30))
        }
        let answer = try client.answer()
        expectSame(answer.body, body)
        #expect(try client.get("/").status == 200)
        #expect(try server.hits("request_timeout", of: "http") == 0)
    }

    @Test func aCompleteMessageRestartsTheTimeout() throws {
        let server = try RunningServer.shout("[limits]\nrequest_timeout = \"1s\"")
        let peer = try server.connect(to: "shout")
        // Each piece ends within a line, so some input is always left. This takes two seconds, twice the timeout of one message.
        try peer.send("li")
        for number in 0..<40 {
            try peer.send("ne \(number)\nli")
            #expect(try peer.receiveLine() == "LINE \(number)")
            observe(for: .milliseconds(50))
        }
        #expect(try peer.waitForEnd() == .closed)
        #expect(try server.hits("request_timeout") == 1)
    }

    @Test func aPeerBetweenRequestsHasOnlyTheIdleTimeout() throws {
        let server = try RunningServer.http("[limits]\nrequest_timeout = \"200ms\"\nidle_timeout = \"10s\"")
        let client = try HTTPPeer(server.address(of: "http"))
        #expect(try client.get("/").status == 200)
        #expect(!client.peer.hasInput(within: 600))
        #expect(try client.get("/").status == 200)
    }

    /// The write timeout, not the request timeout, applies to a message that stops because its peer does not read the answers.
    @Test func aPeerThatIsHeldBackDoesNotTimeOut() throws {
        // With this small send buffer, the peer is held back after its first bytes, long before its timeout.
        let server = try RunningServer.http(
            "[socket]\nsend_buffer = \"16KiB\"\n[limits]\nrequest_timeout = \"\(500 * Sanitizer.slowness)ms\"\n"
                + "request_min_rate = \"0B\"\noutput_high_water = \"8KiB\"\noutput_low_water = \"4KiB\"\n"
                + "[options]\nmax_body = \"1GiB\"")
        let heldBack = try Peer(server.address(of: "http"), receiveBuffer: 4 << 10)
        let length = 256 << 20
        let bytes = patternBytes(1 << 20)
        try heldBack.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: \(length)\r\n\r\n")
        let sent = try heldBack.sendUntilBlocked(bytes, limit: length)
        #expect(sent < length)
        // Two other peers start later, one after the other. When the second is cut, the first peer's timeout has passed at least twice.
        for count in 1...2 {
            let slow = try server.connect(to: "http")
            try slow.send("GET / HTTP/1.1\r\nHost: ")
            _ = try slow.waitForEnd()
            #expect(try server.hits("request_timeout", of: "http") == UInt64(count))
        }
        #expect(!heldBack.hasEnded)
    }

    @Test func callbacksOnWorkersHaveTheSameTimeout() throws {
        let server = try RunningServer.fixture("blocks", "[limits]\nrequest_timeout = \"300ms\"")
        let peer = try server.connect(to: "blocks")
        #expect(try peer.receiveLine() == "0 hello worker")
        try peer.send("half a li")
        #expect(try peer.waitForEnd() == .closed)
        #expect(try server.hits("request_timeout", of: "blocks") == 1)
    }
}
