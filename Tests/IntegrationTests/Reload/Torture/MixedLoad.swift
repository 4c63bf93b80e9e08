import LoadGenerator

/// Clients of all three protocols. Their connections stay open for the whole run, and they check every answer.
final class MixedLoad {
    private let stop = StopSignal()
    private let streams: Background<EchoReport>
    private let clients: [(name: String, client: SteadyClient)]

    /// The text of a version's HTTP answer, long enough to arrive in several pieces.
    static func text(_ version: Int) -> String { String(repeating: "version \(version). ", count: 400) }

    init(_ server: RunningServer, seed: UInt64) throws {
        var load = EchoLoad(
            address: try TargetAddress(server.address(of: "echo").text), ending: .stopped(by: stop), seed: seed)
        load.connections = 16
        load.messageSize = 1_000
        load.depth = 4
        load.answerTimeout = .seconds(30)
        streams = try Background { [load] in try load.run() }
        let (http, binary) = (try server.address(of: "http"), try server.address(of: "binary"))
        clients =
            try (0..<2).map { _ in ("HTTP, one at a time", try SteadyClient { try Self.http(http, pipelined: 1) }) }
            + (0..<2).map { _ in ("HTTP, pipelined", try SteadyClient { try Self.http(http, pipelined: 16) }) }
            + (0..<2).map { number in
                ("binary", try SteadyClient { try Self.binary(binary, seed: seed &+ UInt64(number)) })
            }
    }

    private static func http(_ address: ServerAddress, pipelined count: Int) throws -> () throws -> Void {
        let peer = try HTTPPeer(address)
        let expected = (0..<PluginVersions.count).map { Array(text($0).utf8) }
        return {
            for _ in 0..<count { try peer.send("GET", "/") }
            for _ in 0..<count {
                let answer = try peer.answer()
                guard answer.status == 200, let server = answer.fields["server"], server.first == "v",
                    let version = Int(server.dropFirst()), expected.indices.contains(version),
                    isSame(answer.body, expected[version])
                else { throw Failure("not the answer of one version: \(answer.fields), \(answer.text.prefix(80))") }
            }
        }
    }

    private static func binary(_ address: ServerAddress, seed: UInt64) throws -> () throws -> Void {
        let peer = try BinaryPeer(address)
        let payloads = [1, 24, 4_000, 70_000].map { patternBytes($0, seed: seed) }
        return { for payload in payloads { try peer.expectEcho(payload) } }
    }

    /// Whether a client has ended too early. `finish` throws the reason.
    var hasFailed: Bool { streams.isDone || clients.contains { $0.client.hasFailed } }

    /// Waits until each client has been served since the call.
    func waitForProgress() throws {
        let before = clients.map(\.client.rounds)
        try waitUntil("every client is served", within: .seconds(30)) {
            hasFailed || zip(clients, before).allSatisfy { $0.client.rounds > $1 }
        }
    }

    /// Stops the clients. Returns a summary of their work, or throws the first error.
    func finish() throws -> (summary: String, echo: EchoReport) {
        stop.stop()
        let report = try streams.value()
        var rounds: [String: Int] = [:]
        for entry in clients { rounds[entry.name, default: 0] += try entry.client.finish() }
        let counts = rounds.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        return ((["echo \(report.messages)"] + counts).joined(separator: ", "), report)
    }
}
