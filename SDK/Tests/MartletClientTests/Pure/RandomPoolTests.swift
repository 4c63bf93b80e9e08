import BinaryWire
import TestInput
import Testing

@testable import MartletClient

/// Random events in random order: each call ends exactly once, and no limit is broken.
@Suite struct RandomPoolTests {
    @Test func everyCallEndsExactlyOnce() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        for _ in 0..<60 { try run(&random) }
    }

    private func run(_ random: inout SeededGenerator) throws {
        let store = TestStore()
        let (maximum, perConnection) = (Int.random(in: 1...4, using: &random), Int.random(in: 1...5, using: &random))
        var network = try SimulatedNetwork(servers: Int.random(in: 1...3, using: &random), seed: random.next()) {
            $0.maximumConnections = maximum
            $0.minimumConnections = Int.random(in: 0...maximum, using: &random)
            $0.requestsPerConnection = perConnection
            $0.maximumWaitingCalls = 20
            $0.heartbeatInterval = Bool.random(using: &random) ? .seconds(1) : nil
            $0.idleTimeout = .seconds(3)
            $0.connectTimeout = .seconds(1)
            $0.retry.connectAttempts = Bool.random(using: &random) ? 3 : nil
        }
        var calls: [SlotID] = []
        for _ in 0..<400 {
            step(&network, &calls, store, &random)
            let usable = network.pool.connections.ids.filter { network.pool.connections[$0]?.phase != .leaving }
            #expect(usable.count <= maximum)
            for id in network.pool.connections.ids {
                let load = network.pool.connections[id]?.load ?? 0
                #expect(load <= perConnection + 3)
            }
        }
        network.pool.close()
        network.settle()
        while !network.hasStopped { try network.advanceToWakeUp() }
        let (outcomes, links) = (network.outcomes, network.links)
        for call in calls { #expect(outcomes[call]?.count == 1) }
        #expect(links.isEmpty)
        let counts = (network.pool.waitingCount, network.pool.pausingCount)
        #expect(counts == (0, 0))
    }

    private func step(
        _ network: inout SimulatedNetwork, _ calls: inout [SlotID], _ store: TestStore, _ random: inout SeededGenerator
    ) {
        let link = network.links.keys.sorted { $0.slot < $1.slot }.randomElement(using: &random)
        switch Int.random(in: 0..<20, using: &random) {
        case 0..<5:
            let requests: [Request] = [
                .connect, .ping([1]), .get(key: [1]), .put(key: [1], value: [2]), .delete(key: [1]),
                .write(.put([1], [2], if: .absent)), .get(key: []), .watch(.key, [1]),
            ]
            let before = network.pool.waitingCount
            let retries: [MartletClient.Retry] = [.ifSafe, .always, .never]
            calls.append(
                network.submit(
                    requests.randomElement(using: &random)!, retry: retries.randomElement(using: &random)!,
                    timeout: .milliseconds(Int.random(in: 1...3_000, using: &random))))
            network.settle()
            // Those that come back from lost connections wait, too, so there can be more already.
            let after = network.pool.waitingCount
            #expect(after <= max(before, 20))
        case 5:
            if let call = calls.randomElement(using: &random), network.outcomes[call]?.isEmpty == true {
                network.pool.cancel(call)
                network.settle()
            }
        case 6..<9:
            if let link, network.links[link]?.isConnected == false { network.connect(link) }
        case 9..<13: if let link { network.carry(link, bytes: Int.random(in: 1...200, using: &random)) }
        case 13..<16:
            if let link, let count = network.links[link]?.requests.count, count > 0 {
                network.answer(link, Int.random(in: 0..<count, using: &random), from: store)
            }
        case 16: if let link { refuse(&network, link, &random) }
        case 17: if let link, network.links[link]?.session.isOpen == true { network.deliver(link, goodbye()) }
        case 18: if let link { network.fail(link) }
        default: network.advance(milliseconds: UInt64.random(in: 0...500, using: &random))
        }
    }

    private func refuse(_ network: inout SimulatedNetwork, _ link: SlotID, _ random: inout SeededGenerator) {
        guard let request = network.links[link]?.requests.popLast() else { return }
        let codes: [ErrorCode] = [.busy, .draining, .storeFull, .outcomeUnknown]
        let code = codes.randomElement(using: &random)!
        network.deliver(link, encoded { FrameEncoder.failure(code, of: .get, requestID: request.id, into: &$0) })
    }
}
