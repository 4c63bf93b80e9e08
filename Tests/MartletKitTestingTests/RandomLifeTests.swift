import MartletKitTesting
import Testing

/// Random peers, reloads and plugins on the real engine. Whatever happens, the promises of the host hold.
@Suite(.serialized) struct RandomLifeTests {
    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func thePromisesHold(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var host = try SimulatedHost(
            Chaotic.self, loops: 2, limits: HostLimits(outputHighWater: 40, outputLowWater: 12, maximumInput: 64))
        var older: [SimulatedHost] = []
        var peers: [SimulatedConnection] = []
        for _ in 0..<400 {
            switch random.below(16) {
            case 0, 1: peers.append(host.connect(loop: random.below(2), readsAtOnce: random.below(2) == 0))
            case 2: if let peer = pick(peers, &random) { peer.finishSending() }
            case 3: if let peer = pick(peers, &random) { random.below(2) == 0 ? peer.reset() : peer.hangUp() }
            case 4: if let peer = pick(peers, &random) { peer.read(upTo: random.below(30)) }
            case 5: host.advance(by: .milliseconds(random.below(12)))
            case 6: host.runWork(limit: random.below(4))
            case 7 where random.below(4) == 0:
                let next = try host.nextGeneration(Chaotic.self)
                _ = host.swap(to: next)
                older.append(host)
                host = next
            case 8 where random.below(6) == 0: host.drain()
            case 9: if let peer = pick(peers, &random) { peer.cut(.idleTimeout) }
            default: if let peer = pick(peers, &random) { peer.send(commands(&random), split: .random(seed: seed)) }
            }
        }
        finish(host, older, peers)
        for peer in peers { expectOrder(peer, seed) }
        var problems: [String] = []
        for host in older + [host] { problems += host.shutDown() }
        #expect(problems == [], "seed \(seed)")
        #expect(Chaotic.Life.broken.withLock { $0 } == [], "seed \(seed)")
    }

    private func pick(_ peers: [SimulatedConnection], _ random: inout SeededGenerator) -> SimulatedConnection? {
        peers.isEmpty ? nil : peers[random.below(peers.count)]
    }

    private func commands(_ random: inout SeededGenerator) -> [UInt8] {
        let common = Array("..1122t".utf8)
        let rare = Array("caehwHpxyP".utf8)
        return (0...random.below(6)).map { _ in
            random.below(5) == 0 ? rare[random.below(rare.count)] : common[random.below(common.count)]
        }
    }

    /// Peers read everything, timers fire, work runs: every queue drains.
    private func finish(_ host: SimulatedHost, _ older: [SimulatedHost], _ peers: [SimulatedConnection]) {
        for _ in 0..<20 {
            for peer in peers {
                peer.readsAtOnce = true
                peer.read()
            }
            for host in older + [host] { host.runWork() }
            host.advance(by: .seconds(10))
        }
        for host in older + [host] { #expect(host.waitingWork == 0) }
        for peer in peers where peer.isOpen { #expect(peer.waitingOutput == 0) }
    }

    /// The peer sees what was written, in the order of the calls, without a gap.
    private func expectOrder(_ peer: SimulatedConnection, _ seed: UInt64) {
        let text = peer.takeText()
        let numbers = stride(from: 0, to: text.utf8.count - 3, by: 4).map { start in
            Int(String(Array(text)[start..<start + 4])) ?? -1
        }
        #expect(numbers == Array(0..<numbers.count), "connection \(peer.number), seed \(seed)")
    }
}
