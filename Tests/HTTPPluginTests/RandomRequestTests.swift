import MartletKitTesting
import Testing

@testable import HTTPPlugin

/// No input from a peer makes the plugin trap or break a rule of the host, and all answers are well-formed. The seed is
/// the argument of the test.
@Suite struct RandomRequestTests {
    private func options() -> [String: OptionLiteral] {
        ["max_request_line": 200, "max_headers": 400, "max_header_count": 10, "max_body": 3_000]
    }

    @Test(arguments: UInt64(1)...40) func survivesRandomBytes(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let client = try Client(options: options())
        for _ in 0..<10 {
            if !client.isOpen { client.reconnect() }
            client.connection.send(
                generator.bytes(count: Int.random(in: 0...600, using: &generator)), split: .random(seed: seed))
        }
        client.connection.finishSending()
        #expect(client.host.shutDown() == [], "seed \(seed)")
    }

    @Test(arguments: UInt64(1)...150) func survivesMutatedRequests(seed: UInt64) throws {
        let folder = try TemporaryFolder()
        try folder.write("a.txt", "0123456789")
        try folder.write("b.bin", [UInt8](repeating: 0x62, count: 20_000))
        try folder.folder("d")
        var generator = SeededGenerator(seed: seed)
        let client = try Client(
            routes: [
                ["path": "/", "root": .text(folder.path)], ["path": "/t", "text": "t"], ["path": "/e", "echo": true],
            ],
            options: options(), limits: HostLimits(outputHighWater: 4_000, outputLowWater: 1_000),
            readsAtOnce: Bool.random(using: &generator))
        for _ in 0..<30 {
            if !client.isOpen { client.reconnect(readsAtOnce: Bool.random(using: &generator)) }
            client.connection.send(stream(&generator), split: .random(seed: seed, largest: 300))
            if Bool.random(using: &generator) {
                client.connection.read(upTo: Int.random(in: 1...9_000, using: &generator))
            }
            if Int.random(in: 0..<8, using: &generator) == 0 { client.host.advance(by: .seconds(1)) }
            if Int.random(in: 0..<20, using: &generator) == 0 { client.connection.reset() }
        }
        if Bool.random(using: &generator) { client.host.drain() }
        client.connection.finishSending()
        #expect(client.host.shutDown() == [], "seed \(seed)")
    }

    /// Every request of a well-formed stream is answered once, in order, however slow the peer and for any split.
    @Test(arguments: UInt64(1)...60) func answersEveryWellFormedRequest(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let client = try Client(
            limits: HostLimits(outputHighWater: Int.random(in: 1...2_000, using: &generator), outputLowWater: 0),
            readsAtOnce: false)
        let requests = (0..<40).map { _ in PipeliningTests.stream.dropLast().randomElement(using: &generator)! }
        let heads = Set(requests.indices.filter { requests[$0].hasPrefix("HEAD") })
        let expected = requests.map { request in
            PipeliningTests.statuses[PipeliningTests.stream.firstIndex(of: request)!]
        }
        client.connection.send(requests.joined(), split: .random(seed: seed, largest: 200))
        while client.connection.waitingOutput > 0 {
            client.connection.read(upTo: Int.random(in: 1...500, using: &generator))
        }
        let answers = try Answer.all(client.connection.takeOutput(), heads: heads)
        #expect(answers.map(\.status) == expected, "seed \(seed)")
        #expect(client.host.shutDown() == [], "seed \(seed)")
    }

    private static let seeds: [String] =
        PipeliningTests.stream + RefusalTests.malformed.map(\.0) + [
            "GET /a.txt HTTP/1.1\r\nHost: a\r\nRange: bytes=2-5\r\nIf-Range: \"x\"\r\n\r\n",
            "GET /b.bin HTTP/1.1\r\nHost: a\r\nIf-None-Match: \"x\", W/\"y\"\r\n\r\n",
            "GET /d HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /b.bin HTTP/1.0\r\nConnection: keep-alive\r\nRange: bytes=-100\r\n\r\n",
            "GET /%61.txt?q HTTP/1.1\r\nHost: a\r\nIf-Modified-Since: Sun, 13 Sep 2020 12:26:40 GMT\r\n\r\n",
            "POST /e HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        ]

    /// A few requests in which some bytes are changed, removed, doubled or replaced by the end of another request.
    private func stream(_ generator: inout SeededGenerator) -> [UInt8] {
        var bytes: [UInt8] = []
        for _ in 0...Int.random(in: 0...3, using: &generator) {
            var request = Array(Self.seeds.randomElement(using: &generator)!.utf8)
            for _ in 0..<Int.random(in: 0...3, using: &generator) where !request.isEmpty {
                let index = Int.random(in: 0..<request.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: request[index] = UInt8.random(in: 0...255, using: &generator)
                case 1: request.remove(at: index)
                case 2: request.insert(request[index], at: index)
                default:
                    let other = Array(Self.seeds.randomElement(using: &generator)!.utf8)
                    request.replaceSubrange(
                        index..., with: other.suffix(Int.random(in: 0...other.count, using: &generator)))
                }
            }
            bytes += request
        }
        return bytes
    }
}
