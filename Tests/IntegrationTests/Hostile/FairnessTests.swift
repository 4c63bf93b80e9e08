import Glibc
import LoadGenerator
import Testing

/// Listeners that share an event loop: a flood of one is not the others' affair.
@Suite(.serialized) struct FairnessTests {
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

    /// The figure is in docs/performance.md, of a machine with nothing else to do. Here clients and tests share its processors, so
    /// the bound is what an unfair loop misses by far: without turns a victim waits for all that a flood has sent.
    @Test(arguments: Flood.all)
    func aFloodOfOneListenerLeavesTheOtherItsTurn(_ flood: Flood) throws {
        let folder = try ServerFolder(process: "loops = 1")
        try folder.installEcho()
        try folder.listen("victim", plugin: "echo.so")
        let server = try RunningServer(folder)
        func load(_ listener: String, _ ending: EchoLoad.Ending) throws -> EchoLoad {
            EchoLoad(address: try TargetAddress(server.address(of: listener).text), ending: ending)
        }
        var victim = try load("victim", .messages(1_000))
        victim.connections = 1
        let quiet = try victim.run().latency
        let stop = StopSignal()
        var attack = try load("echo", .stopped(by: stop))
        (attack.connections, attack.messageSize, attack.depth) = (flood.connections, flood.messageSize, flood.depth)
        let attacker = try Background { [attack] in try attack.run() }
        try waitUntil("the flood is there") { try server.listener("echo")?.counts.bytesReceived ?? 0 > 1 << 20 }
        let flooded = try victim.run()
        stop.stop()
        let report = try attacker.value()
        #expect(flooded.isClean && report.isClean)
        print(
            "fairness: p99 of a victim \(Int(quiet.p99Microseconds)) us when it is quiet, "
                + "\(Int(flooded.latency.p99Microseconds)) us beside \(flood)")
        #expect(flooded.latency.p50Microseconds < max(10 * quiet.p99Microseconds, 20_000))
    }
}
