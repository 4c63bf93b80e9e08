import Glibc
import LoadGenerator
import Testing

/// Listeners that share an event loop: a flood of one listener must not starve the others.
@Suite(.serialized) struct FairnessTests {
    private static let rounds = 5
    private static let bound = 50.0

    struct Flood: Sendable, CustomTestStringConvertible {
        let connections: Int
        let messageSize: Int
        let depth: Int

        var testDescription: String { "\(connections) connections, \(depth) messages of \(messageSize) bytes each" }

        static let all = [
            Flood(connections: 1, messageSize: 64 << 10, depth: 1),
            Flood(connections: 1, messageSize: 64 << 10, depth: 16),
            Flood(connections: 16, messageSize: 64, depth: 16), Flood(connections: 64, messageSize: 1 << 10, depth: 4),
        ]
    }

    /// Quiet and flooded rounds alternate, so that other load on the machine slows both. docs/performance.md has the measured figure.
    /// Here the clients share the server's processors, and each round includes a time slice of the scheduler, so the bound only
    /// excludes starvation. The tests of the engine check the order in which listeners get their turns.
    @Test(arguments: Flood.all)
    func aFloodOfOneListenerDoesNotStarveTheOther(_ flood: Flood) throws {
        let folder = try ServerFolder(process: "loops = 1")
        try folder.installEcho()
        try folder.listen("victim", plugin: "echo.so")
        let server = try RunningServer(folder)
        func load(_ listener: String, _ ending: EchoLoad.Ending) throws -> EchoLoad {
            EchoLoad(address: try TargetAddress(server.address(of: listener).text), ending: ending, seed: 1)
        }
        var victim = try load("victim", .messages(200))
        victim.connections = 1
        func flooded() throws -> EchoReport {
            let stop = StopSignal()
            var attack = try load("echo", .stopped(by: stop))
            (attack.connections, attack.messageSize, attack.depth) = (flood.connections, flood.messageSize, flood.depth)
            let before = try server.counts(of: "echo").bytesReceived
            let attacker = try Background { [attack] in try attack.run() }
            try waitUntil("the flood has begun") { try server.counts(of: "echo").bytesReceived > before + 1 << 20 }
            let report = try victim.run()
            stop.stop()
            #expect(try attacker.value().isClean)
            return report
        }
        var ratios: [Double] = []
        for _ in 0..<Self.rounds {
            let (quiet, flooded) = (try victim.run(), try flooded())
            #expect(quiet.isClean && flooded.isClean)
            ratios.append(flooded.latency.p50Microseconds / quiet.latency.p50Microseconds)
        }
        ratios.sort()
        print("fairness: a victim's median latency with \(flood), divided by without: \(ratios)")
        #expect(ratios[Self.rounds / 2] < Self.bound)
    }
}
