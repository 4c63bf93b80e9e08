import Glibc
import Testing

extension Hostile {
    /// Peers that are slow to send, to finish a message, or to read.
    @Suite struct SlowPeers {
        private static let halves: [String: [UInt8]] = [
            "echo": [], "http": Array("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Le".utf8), "binary": [0x4D],
            "shout": Array("half a li".utf8), "proxied": Array("PROXY TCP4 192.0.2".utf8),
        ]

        private static let quick =
            "handshake_timeout = \"1s\"\nfirst_byte_timeout = \"1s\"\nrequest_timeout = \"1s\"\nidle_timeout = \"2s\""

        /// Slowloris: many peers, each of which sends half a message and then one byte now and then.
        @Test func peersThatNeverFinishAreClosedAndDelayNobody() throws {
            let target = try Target(limits: Self.quick)
            var peers: [Peer] = []
            for name in Target.listeners {
                for _ in 0..<60 * min(Torture.factor, 10) {
                    let peer = try target.connect(name)
                    try peer.send(Self.halves[name]!)
                    peers.append(peer)
                }
            }
            try target.expectServes()
            let deadline = Deadline(in: .seconds(10))
            while !peers.isEmpty, !deadline.isOver {
                peers.removeAll { $0.hasInput(within: 0) || (try? $0.send("x")) == nil }
                try target.serveEverybody()
                observe(for: .milliseconds(50))
            }
            #expect(peers.isEmpty, "\(peers.count) peers are still open")
            #expect(try target.server.hits("request_timeout", of: "http") >= 60)
            #expect(try target.server.hits("request_timeout", of: "shout") >= 60)
            #expect(try target.server.hits("handshake_timeout", of: "proxied") >= 60)
            try target.expectUnharmed()
        }

        @Test func messagesMayArriveByteByByte() throws {
            let target = try Target()
            try Torture.repeated("byte at a time", seconds: 1) { generator in
                let text = Messages.request(&generator)
                let client = try HTTPPeer(target.addresses["http"]!)
                for byte in text.utf8 { try client.peer.send([byte]) }
                let answer = try client.answer(hasBody: !text.hasPrefix("HEAD"))
                guard answer.status == 200 || answer.status == 204 || answer.status == 206 else {
                    throw Failure("status \(answer.status) for \(text)")
                }
                let shout = try target.connect("proxied")
                for byte in Array((ProxyLine.text("192.0.2.1") + "slow\n").utf8) { try shout.send([byte]) }
                guard try shout.receiveLine() == "SLOW" else { throw Failure("shout: wrong answer") }
                let binary = try BinaryPeer(target.addresses["binary"]!)
                let payload = generator.bytes(40)
                for byte in try binary.echo(payload) { try binary.peer.send([byte]) }
                guard try binary.nextAnswer() == .echo(payload) else { throw Failure("binary: wrong answer") }
                let echo = try target.connect("echo")
                for byte in payload {
                    try echo.send([byte])
                    guard try echo.receive(1) == [byte] else { throw Failure("echo: wrong answer") }
                }
            }
            try target.expectUnharmed()
        }

        /// Each peer sends as many requests as it can and reads no answer.
        @Test func peersThatNeverReadCostBoundedMemory() throws {
            let target = try Target(process: "max_buffer_memory = \"16MiB\"")
            let get = Array(String(repeating: "GET / HTTP/1.1\r\nHost: x\r\n\r\n", count: 2_000).utf8)
            let lines = Array(String(repeating: String(repeating: "x", count: 99) + "\n", count: 2_000).utf8)
            let asks = ["echo": patternBytes(200_000), "http": get, "shout": lines]
            var peers: [Peer] = []
            for _ in 0..<12 * min(Torture.factor, 5) {
                for (name, bytes) in asks {
                    let peer = try target.connect(name, receiveBuffer: 4 << 10)
                    _ = try? peer.sendUntilBlocked(bytes, quiet: 10, limit: 16 << 20)
                    peers.append(peer)
                }
                let binary = try BinaryPeer(target.addresses["binary"]!)
                let frame = try binary.echo(patternBytes(100_000))
                _ = try? binary.peer.sendUntilBlocked(frame, quiet: 10, limit: 16 << 20)
                peers.append(binary.peer)
            }
            try target.expectServes()
            #expect(try target.server.status().bufferBytes <= 16 << 20)
            try target.expectBoundedMemory(64 << 20)
            for peer in peers { peer.reset() }
            try target.expectUnharmed(growth: 64 << 20)
        }
    }
}
