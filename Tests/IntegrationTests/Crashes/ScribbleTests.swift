import Glibc
import Server
import TestInput
import Testing

/// A plugin overwrites what its host keeps for its successor, and ends it. What is damaged is closed, and no peer gets bytes of another.
@Suite(.serialized) struct ScribbleTests {
    private static let size = 2_000

    @Test(arguments: [5, 50, 1_000]) func noByteOfAPeerReachesAnother(_ words: Int) throws {
        print("scribbles: MARTLET_TORTURE_SEED=\(Torture.seed)")
        let folder = try ServerFolder()
        try folder.installEcho("[limits]\ncrash_limit = 0\n")
        try folder.install(BuildFolder.plugin("HTTPPlugin"), as: "http.so")
        try folder.listen(
            "http", plugin: "http.so",
            "[[options.routes]]\npath = \"/echo\"\necho = true\n[limits]\ncrash_limit = 0\n")
        try folder.install(Fixture.library("scribbles"), as: "scribbles.so")
        try folder.listen("scribbles", plugin: "scribbles.so", "exercise = false\n[limits]\ncrash_limit = 0\n")
        let server = try RunningServer(folder)
        server.mayCrash = true
        for round in 0..<3 * Torture.factor {
            let seed = Torture.seed &+ UInt64(round)
            let people = try (0..<40).map { try Person(server, $0) }
            try waitUntil("what they have sent is there") {
                try server.listener("http")?.counts.bytesReceived ?? 0 >= UInt64((round + 1) * 20 * Self.size / 2)
            }
            let host = try server.host
            try server.die("\(seed) \(words)", at: "scribbles")
            try server.waitForHost(after: host)
            for person in people { try person.check("\(words) words, seed \(seed)") }
            #expect(try server.connect().ask("well") == "well")
        }
        let lines = server.log.split(separator: "\n")
        let told = lines.count {
            $0.contains("connections go on in the new host")
                || $0.contains("the connections of the host that has ended are lost")
        }
        #expect(told == 3 * Torture.factor, "each time the log says what has become of them")
        // No successor has believed what it read, and died of it.
        let deaths = lines.filter { $0.contains("the host has ended") }
        #expect(deaths.count == 3 * Torture.factor, "\(deaths)")
    }

    /// Sends one letter only.
    private struct Person {
        let peer: Peer
        let letter: UInt8
        let isUploading: Bool

        init(_ server: RunningServer, _ number: Int) throws {
            letter = UInt8(ascii: "A") + UInt8(number)
            isUploading = number % 2 == 0
            peer = try server.connect(to: isUploading ? "http" : "echo")
            if isUploading {
                // Half of it waits in the host, because the route echoes a body in one piece, or in the session of its plugin.
                try peer.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: \(ScribbleTests.size)\r\n\r\n")
            }
            try peer.send(bytes(ScribbleTests.size / 2))
            if !isUploading { _ = try peer.receive(ScribbleTests.size / 2) }
        }

        private func bytes(_ count: Int) -> [UInt8] { Array(repeating: letter, count: count) }

        func check(_ what: String) throws {
            try? peer.send(bytes(ScribbleTests.size / 2))
            shutdown(peer.descriptor, Int32(SHUT_WR))
            let answer = (try? peer.receiveToEnd()) ?? []
            // Words of its own content may be wrong. A run of another letter can only come from another peer.
            var (run, last) = (0, UInt8(0))
            for byte in answer {
                run = byte == last ? run + 1 : 1
                last = byte
                let isLetter = byte != letter && (UInt8(ascii: "A")..<UInt8(ascii: "A") + 40).contains(byte)
                guard run >= 16, isLetter else { continue }
                Issue.record("\(what): who sent \(letter) got \(byte)")
                return
            }
        }
    }
}
