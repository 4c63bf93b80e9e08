import BinaryWire
import Glibc
import Server
import Testing

/// Sessions of this repository's plugins move at the worst moments, to newer and to older versions. No byte is lost or altered.
@Suite struct ProtocolMigrationTests {
    // MARK: Echo

    @Test func anEchoStreamCrossesManySwapsWithUnreadOutput() throws {
        let folder = try ServerFolder()
        try folder.serveEcho(version: 0)
        let server = try RunningServer(folder)
        let peer = try Peer(server.address(), receiveBuffer: 16_384)
        // More than fits into the sockets and the output limit, so output waits in the server and it stops reading input.
        let bytes = patternBytes(1 << 20)
        let sent = try peer.sendUntilBlocked(bytes, limit: 64 << 20)
        for version in [1, 2, 1, 0] {
            try folder.serveEcho(version: version)
            #expect(try server.reloaded("echo").counts == [1, 0, 0])
        }
        peer.finishSending()
        let back = try peer.receiveToEnd()
        #expect(back.count == sent)
        #expect(back.indices.allSatisfy { back[$0] == bytes[$0 % bytes.count] })
    }

    // MARK: HTTP

    @Test func aKeepAliveConnectionMovesBetweenRequests() throws {
        let (server, peer) = try http()
        #expect(try peer.get("/").text == "version 1")
        for version in [2, 3, 2, 1] {
            try server.folder.serveHTTP(version: version)
            #expect(try server.reloaded("http").counts == [1, 0, 0])
            let answer = try peer.get("/")
            #expect(answer.text == "version \(version)")
            #expect(answer.fields["server"] == "v\(version)")
        }
    }

    /// The result must not depend on where the request is cut.
    @Test(arguments: [1, 4, 15, 24, 29])
    func theNewGenerationAnswersAHalfSentRequest(cut: Int) throws {
        let (server, peer) = try http()
        #expect(try peer.get("/").text == "version 1")
        let before = try #require(try server.listener("http")).counts.bytesReceived
        let request = Array(Self.request.utf8)
        try peer.peer.send(Array(request[..<cut]))
        try waitUntil("the piece has arrived") {
            try server.listener("http")?.counts.bytesReceived == before + UInt64(cut)
        }
        try server.folder.serveHTTP(version: 2)
        #expect(try server.reloaded("http").counts == [1, 0, 0])
        try peer.peer.send(Array(request[cut...]))
        #expect(try peer.answer().text == "version 2")
    }

    @Test(arguments: [false, true])
    func aBodyContinuesInTheNewGeneration(chunked: Bool) throws {
        let (server, peer) = try http()
        let framing = chunked ? "Transfer-Encoding: chunked" : "Content-Length: 60000"
        let body = (0..<60_000).map { String($0 % 10) }.joined()
        let pieces = (0..<6).map { part -> String in
            let piece = String(body.dropFirst(part * 10_000).prefix(10_000))
            return chunked ? "\(String(piece.count, radix: 16))\r\n\(piece)\r\n" : piece
        }
        try peer.peer.send("POST /echo HTTP/1.1\r\nHost: test\r\n\(framing)\r\n\r\n")
        for (index, piece) in pieces.enumerated() {
            // Cut in the middle, so that a chunk's size and its content reach different generations.
            let half = piece.utf8.count / 2
            try peer.peer.send(String(piece.prefix(half)))
            try server.folder.serveHTTP(version: index + 2)
            let counts = try server.reloaded("http").counts
            #expect(counts[2] == 0, "expected no session to stay because of a body: \(counts)")
            try peer.peer.send(String(piece.dropFirst(half)))
        }
        if chunked { try peer.peer.send("0\r\n\r\n") }
        #expect(try peer.answer().text == body)
        #expect(try peer.get("/").text == "version 7")
        try waitUntil("one generation is left") { try server.generations(of: "http").count == 1 }
    }

    @Test func pipelinedRequestsAreAllAnsweredInOrder() throws {
        let (server, peer) = try http()
        for version in 2...4 {
            try peer.peer.send(String(repeating: Self.request, count: 50) + "GET / HT")
            try server.folder.serveHTTP(version: version)
            #expect(try server.reloaded("http").counts == [1, 0, 0])
            var seen: [String] = []
            for _ in 0..<50 { seen.append(try peer.answer().text) }
            #expect(Set(seen).isSubset(of: ["version \(version - 1)", "version \(version)"]))
            try peer.peer.send("TP/1.1\r\nHost: test\r\n\r\n")
            #expect(try peer.answer().text == "version \(version)")
        }
    }

    private static let request = "GET / HTTP/1.1\r\nHost: test\r\n\r\n"

    private func http() throws -> (RunningServer, HTTPPeer) {
        let folder = try ServerFolder()
        try folder.serveHTTP(version: 1)
        let server = try RunningServer(folder)
        return (server, try HTTPPeer(server.address(of: "http")))
    }

    // MARK: Binary

    @Test func aBinarySessionMovesAfterTheHelloAndInsideAFrame() throws {
        let server = try binary()
        let client = try BinaryPeer(server.address(of: "binary"))
        for (index, cut) in [0, 1, 12, 23, 24, 25, 1_000].enumerated() {
            let payload = patternBytes(3_000, seed: UInt64(index))
            let frame = try client.echo(payload)
            let before = try #require(try server.listener("binary")).counts.bytesReceived
            try client.peer.send(Array(frame[..<cut]))
            try waitUntil("the piece has arrived") {
                try server.listener("binary")?.counts.bytesReceived == before + UInt64(cut)
            }
            try server.folder.serveBinary(version: index + 2)
            #expect(try server.reloaded("binary").counts == [1, 0, 0])
            try client.peer.send(Array(frame[cut...]))
            #expect(try client.next() == .echo(payload))
        }
        try waitUntil("one generation is left") { try server.generations(of: "binary").count == 1 }
    }

    @Test func aConnectionMovesBeforeItsHello() throws {
        let server = try binary()
        let peer = try Peer(server.address(of: "binary"))
        try waitUntil("the peer is accepted") { try server.openConnections == 1 }
        try server.folder.serveBinary(version: 2)
        #expect(try server.reloaded("binary").counts == [1, 0, 0])
        var session = ClientSession(name: "late")
        try peer.send(session.hello().bytes)
        #expect(try peer.receive(4) == [0xBD, 0x4D, 0x42, 0x0A])
    }

    @Test func heartbeatsContinueAfterTheMove() throws {
        let options = "heartbeat_interval = \"\(400 * Sanitizer.slowness)ms\"\nheartbeat_misses = 20"
        let server = try binary(options)
        let client = try BinaryPeer(server.address(of: "binary"))
        for version in 2...4 {
            try server.folder.serveBinary(version: version, options)
            #expect(try server.reloaded("binary").counts == [1, 0, 0])
            guard case .heartbeat(let answer) = try client.next() else {
                Issue.record("no heartbeat of version \(version)")
                return
            }
            try client.peer.send(answer)
        }
        try client.expectEcho([1, 2, 3])
        // The generation to which the client was moved closes it when it does not answer.
        try server.folder.serveBinary(version: 5, options)
        #expect(try server.reloaded("binary").counts == [1, 0, 0])
        #expect(try client.peer.waitForEnd() == .closed)
    }

    private func binary(_ options: String = "") throws -> RunningServer {
        let folder = try ServerFolder()
        try folder.serveBinary(version: 1, options)
        return try RunningServer(folder)
    }
}
