import Testing

/// A plugin in plain C. It sees the same host as a plugin in any other language.
@Suite struct ShoutTests {
    private let folder: ServerFolder
    private let server: RunningServer

    init() throws {
        folder = try ServerFolder()
        try folder.installShout("[options]\nprefix = \"> \"\nfile = \"story.txt\"")
        try Files.replace(folder.file("story.txt"), with: Array("once upon a time\n".utf8))
        server = try RunningServer(folder)
    }

    private func metric(_ name: String) throws -> Int64? {
        try server.listener("shout")?.metrics.first { $0.name == name }?.value
    }

    @Test func answersInCapitalLettersAndCounts() throws {
        let peer = try server.connect(to: "shout")
        #expect(try peer.ask("hello") == "> HELLO")
        try peer.send("one\ntwo\nthr")
        #expect(try peer.receiveLine() == "> ONE")
        #expect(try peer.receiveLine() == "> TWO")
        #expect(try peer.ask("ee") == "> THREE")
        #expect(try metric("lines_total") == 4)
        #expect(try metric("sessions") == 1)
        #expect(try server.listener("shout")?.counts.requests == 4)
    }

    @Test func keepsSeparateStateOnEachLoop() throws {
        var seen: [Substring: Int] = [:]
        for _ in 0..<32 {
            let peer = try server.connect(to: "shout")
            let loop = try peer.ask("?info").split(separator: " ")[9]
            seen[loop, default: 0] += 1
            // Each earlier session of the loop sent two lines, and this one has sent one.
            #expect(try peer.ask("?lines") == "\(seen[loop]! * 2 - 1)")
        }
        #expect(seen.count == 2, "expected connections on both loops")
    }

    @Test func findsTheHostExtension() throws {
        let words = try server.connect(to: "shout").ask("?info").split(separator: " ")
        #expect(words[0...7].joined(separator: " ") == "listener shout generation 1 loops 2 workers 16")
        #expect(words[11] == "0.1.0")
    }

    @Test func learnsThePeersAddress() throws {
        let answer = try server.connect(to: "shout").ask("?peer")
        #expect(answer.hasPrefix("family 4 first 127 port "))
    }

    @Test func readsTheClocks() throws {
        let peer = try server.connect(to: "shout")
        let before = monotonicNanoseconds()
        let found = try #require(UInt64(try peer.ask("?monotonic")))
        #expect(found >= before - 100_000_000 && found <= monotonicNanoseconds())
        let clock = try #require(Int64(try peer.ask("?clock")))
        #expect(abs(clock - wallClockSeconds()) <= 2)
    }

    @Test func lentMemoryAndFilesAreReleased() throws {
        let peer = try server.connect(to: "shout")
        #expect(try peer.ask("?shared") == "lent and given back")
        #expect(try peer.ask("?file") == "once upon a time")
        try waitUntil("the memory and the file are released") { try metric("released_total") == 2 }
    }

    @Test func keepsTheOrderOfCopiedLentAndSentOutput() throws {
        let peer = try server.connect(to: "shout")
        try peer.send("a\n?shared\nb\n?file\nc\n")
        let lines = try (0..<5).map { _ in try peer.receiveLine() }
        #expect(lines == ["> A", "lent and given back", "> B", "once upon a time", "> C"])
    }

    @Test func workOnAWorkerIsAnsweredOnTheLoop() throws {
        let peer = try server.connect(to: "shout")
        #expect(try peer.ask("!quietly") == "QUIETLY")
        // The answer may overtake the count.
        try waitUntil("the job is counted") { try server.status().workers.completed >= 1 }
    }

    @Test func workOutlivesAPeerThatLeaves() throws {
        for _ in 0..<50 {
            let peer = try server.connect(to: "shout")
            try peer.send("!never heard\n")
            peer.reset()
        }
        try waitUntil("the sessions are gone") { try metric("sessions") == 0 }
        #expect(try server.connect(to: "shout").ask("!still there") == "STILL THERE")
    }

    @Test func peerThatHalfClosesGetsItsLastAnswerFromTheWorker() throws {
        let peer = try server.connect(to: "shout")
        try peer.send("!the end\n")
        peer.finishSending()
        #expect(try String(decoding: peer.receiveToEnd(), as: UTF8.self) == "THE END\n")
    }

    @Test func postsToItsOwnLoop() throws {
        #expect(try server.connect(to: "shout").ask("?post") == "posted")
    }

    @Test func pausedInputIsPresentedAgainAfterResume() throws {
        let peer = try server.connect(to: "shout")
        try peer.send("?pause\nlater\n")
        #expect(try peer.receiveLine() == "resumed")
        #expect(try peer.receiveLine() == "> LATER")
    }

    @Test func closesInOrderAndAbortsWithAReset() throws {
        let orderly = try server.connect(to: "shout")
        try orderly.send("x\n?bye\n")
        #expect(try orderly.receiveLine() == "> X")
        #expect(try orderly.waitForEnd() == .closed)
        let aborted = try server.connect(to: "shout")
        try aborted.send("?drop\n")
        #expect(try aborted.waitForEnd() == .reset)
    }

    @Test func logsWithItsName() throws {
        let peer = try server.connect(to: "shout")
        try peer.send("?log\n")
        try waitUntil("the line is in the log") {
            server.log.split(separator: "\n").contains { $0.contains("shouted") && $0.contains("plugin=shout") }
        }
    }

    @Test func closesSessionsThatAreIdleForItsOwnTimer() throws {
        try folder.listen("shout", plugin: "shout.so", "[options]\nidle = \"1s\"")
        #expect(try server.reload("shout") == .swapped)
        let peer = try server.connect(to: "shout")
        #expect(try peer.ask("hi") == "HI")
        #expect(try peer.waitForEnd() == .closed)
    }
}
