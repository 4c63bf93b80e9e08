import Testing

/// `want`: a large message is presented once, however it arrives.
@Suite struct WantTests {
    /// A server with the wanter plugin, and one peer.
    private struct Scene {
        let server: RunningServer
        let peer: Peer

        init(_ more: String = "", process: String = "") throws {
            server = try RunningServer.fixture("wanter", process: process, more)
            peer = try server.connect(to: "wanter")
        }

        /// Sends bytes and waits until the server has read all of them.
        func sendAndWait(_ bytes: [UInt8]) throws {
            let before = try server.counts(of: "wanter").bytesReceived
            try peer.send(bytes)
            try waitUntil("the server has read them") {
                try server.counts(of: "wanter").bytesReceived == before + UInt64(bytes.count)
            }
        }
    }

    private static let ways = ["dispatch = \"loops\"", "dispatch = \"workers\""]

    @Test(arguments: ways) func aMessageInManySegmentsIsPresentedOnce(_ dispatch: String) throws {
        let scene = try Scene(dispatch)
        try scene.sendAndWait(Array("1000\n".utf8))
        for _ in 0..<10 { try scene.sendAndWait(patternBytes(100)) }
        #expect(try scene.peer.receiveLine() == "1000 of 1000 in 1 for 1")
        #expect(try scene.peer.ask("goes on") == "goes on")
    }

    /// For a message of this size the server tells the kernel to hold input back, and it needs more than one read.
    @Test(arguments: ways) func aLargeMessageIsPresentedOnce(_ dispatch: String) throws {
        let scene = try Scene(dispatch)
        for _ in 0..<3 {
            try scene.peer.send("500000\n")
            try scene.peer.send(patternBytes(500_000))
            #expect(try scene.peer.receiveLine() == "500000 of 500000 in 1 for 1")
        }
    }

    /// `received` consumes the head and wants input that arrived in the same segment.
    @Test(arguments: ways) func inputThatHasAlreadyArrivedCounts(_ dispatch: String) throws {
        let scene = try Scene(dispatch)
        try scene.peer.send("4\nbody5\nother")
        #expect(try scene.peer.receiveLine() == "4 of 4 in 1 for 1")
        #expect(try scene.peer.receiveLine() == "5 of 5 in 1 for 1")
        try scene.peer.send("4\nbody and then a line\n")
        #expect(try scene.peer.receiveLine() == "4 of 4 in 1 for 1")
        #expect(try scene.peer.receiveLine() == " and then a line")
    }

    @Test(arguments: ways) func inputThatEndsEarlyIsPresented(_ dispatch: String) throws {
        let scene = try Scene(dispatch)
        try scene.sendAndWait(Array("100000\n".utf8))
        try scene.sendAndWait(patternBytes(7))
        scene.peer.finishSending()
        #expect(try scene.peer.receiveLine() == "7 of 100000 in 1 for 1")
        #expect(try scene.peer.waitForEnd() == .closed)
    }

    @Test func inputThatEndsBeforeTheMessageIsNotPresented() throws {
        let scene = try Scene()
        try scene.peer.send("100000\n")
        scene.peer.finishSending()
        #expect(try scene.peer.receiveToEnd().isEmpty)
    }

    @Test func wantingMoreThanMaxInputIsRefused() throws {
        let scene = try Scene("[limits]\nmax_input = \"64KiB\"")
        #expect(try scene.peer.ask("want 65536") == "0")
        #expect(try scene.peer.ask("want 65537") == "-2")
        #expect(try scene.peer.ask("want 18446744073709551615") == "-2")
        #expect(try scene.peer.ask("65537") == "-2")
        try scene.peer.send(Array("65536\n".utf8) + patternBytes(65_536))
        #expect(try scene.peer.receiveLine() == "65536 of 65536 in 1 for 1")
    }

    @Test func zeroCancelsTheWant() throws {
        let scene = try Scene()
        #expect(try scene.peer.ask("back 1000") == "0")
        #expect(try scene.peer.ask("a short one") == "a short one")
    }

    /// The plugin changes its mind and wants less than before, and part of that has already arrived.
    @Test(arguments: ways) func aChangedNumberAppliesAtOnce(_ dispatch: String) throws {
        let scene = try Scene(dispatch)
        try scene.sendAndWait(Array("change 300 100000 2000\n".utf8))
        try scene.sendAndWait(patternBytes(1_000))
        #expect(try scene.peer.receiveLine() == "now 2000")
        try scene.peer.send(patternBytes(1_000))
        #expect(try scene.peer.receiveLine() == "2000 of 100000 in 1 for 1")
        #expect(try scene.peer.ask("goes on") == "goes on")
    }

    @Test(arguments: ways) func arrivedInputIsPresentedWhenNoMoreIsWanted(_ dispatch: String) throws {
        let scene = try Scene(dispatch)
        for later in [0, 700] {
            try scene.sendAndWait(Array("change 300 100000 \(later)\n".utf8))
            try scene.sendAndWait(patternBytes(1_000))
            #expect(try scene.peer.receiveLine() == "now \(later)")
            #expect(try scene.peer.receiveLine() == "1000 of 100000 in 1 for 1")
            #expect(try scene.peer.ask("goes on") == "goes on")
        }
    }

    @Test func aSmallMessageAfterALargeOneIsAnsweredAtOnce() throws {
        let scene = try Scene("[limits]\nidle_timeout = \"1h\"")
        try scene.sendAndWait(Array("60000\n".utf8))
        try scene.sendAndWait(patternBytes(1_000))
        // The kernel holds these bytes back until the whole message is there.
        try scene.peer.send(patternBytes(59_000))
        #expect(try scene.peer.receiveLine() == "60000 of 60000 in 1 for 1")
        for number in 0..<10 { #expect(try scene.peer.ask("line \(number)") == "line \(number)") }
    }

    @Test func itSurvivesASwap() throws {
        let scene = try Scene()
        try scene.sendAndWait(Array("50000\n".utf8))
        try scene.sendAndWait(patternBytes(10))
        try scene.server.folder.install(
            Fixture.library("wanter", defines: ["VERSION": "\"2\""]), as: "wanter.so")
        #expect(try scene.server.reloaded("wanter").counts == [1, 0, 0])
        try scene.peer.send(patternBytes(49_990))
        #expect(try scene.peer.receiveLine() == "50000 of 50000 in 1 for 2")
    }

    /// Input that the kernel holds back shows that the peer is slow, not idle.
    @Test(arguments: ways) func aSlowPeerOfALargeMessageIsNotIdle(_ dispatch: String) throws {
        let scene = try Scene(dispatch + "\n[limits]\nidle_timeout = \"2s\"\nrequest_timeout = \"1h\"")
        try scene.peer.send("60000\n")
        for _ in 0..<50 {
            try scene.peer.send(patternBytes(100))
            guard !scene.peer.hasInput(within: 50) else { break }
        }
        try scene.peer.send(patternBytes(56_000))
        #expect(try scene.peer.receiveLine() == "60000 of 60000 in 1 for 1")
        #expect(try scene.server.hits("idle_timeout", of: "wanter") == 0)
        // A peer that sends nothing is idle.
        try scene.peer.send("60000\n")
        #expect(try scene.peer.waitForEnd() == .closed)
        #expect(try scene.server.hits("idle_timeout", of: "wanter") == 1)
    }

    @Test func theRequestTimeoutAppliesToAWantedMessage() throws {
        let scene = try Scene("[limits]\nrequest_timeout = \"300ms\"\nrequest_min_rate = \"0B\"")
        try scene.peer.send(Array("60000\n".utf8) + patternBytes(100))
        #expect(try scene.peer.waitForEnd() == .closed)
        #expect(try scene.server.hits("request_timeout", of: "wanter") == 1)
    }
}
