import BinaryWire
import Testing

@testable import MartletClient

/// The pool as a value, on a simulated network.
@Suite struct PoolMachineTests {
    private let store = TestStore()
    private let get = Request.get(key: [1])
    private let put = Request.put(key: [1], value: [2])

    @Test func reconnectsWithBackOffUntilACallTimesOut() throws {
        var network = try SimulatedNetwork { $0.connectTimeout = .seconds(100) }
        let call = network.submit(get, timeout: .seconds(60))
        network.settle()
        while network.reason(call) == nil {
            for id in network.links.keys { network.fail(id, .system(function: "connect", code: 111)) }
            try network.advanceToWakeUp()
        }
        #expect(network.reason(call) == .timedOut(.seconds(60), .system(function: "connect", code: 111)))
        let waits = zip(network.opened, network.opened.dropFirst()).map { $1 - $0 }
        // Full jitter with a ceiling of 50 ms, 100 ms, … 2 s: about 1 s on average in the end.
        #expect(30...150 ~= waits.count, "\(waits)")
        #expect(waits.enumerated().allSatisfy { $1 <= min(2_000, 50 << UInt64($0)) }, "\(waits)")
        #expect(waits.contains { $0 > 1_000 })
    }

    @Test func failingServersAreTriedByOneConnectionInTurn() throws {
        var network = try SimulatedNetwork(servers: 3) {
            $0.minimumConnections = 2
            $0.retry.connectAttempts = 7
        }
        let call = network.submit(get, timeout: .seconds(60))
        network.settle()
        #expect(network.links.count == 2)
        var asked: [Int] = []
        while network.reason(call) == nil {
            asked += network.links.values.map(\.server)
            for id in network.links.keys { network.fail(id) }
            if network.links.isEmpty, network.reason(call) == nil { try network.advanceToWakeUp() }
            #expect(network.links.count <= 1)
        }
        #expect(network.reason(call) == .unreachable(.closedByServer))
        // The two attempts that ran side by side count as two of the seven, but as one round.
        #expect(asked == [0, 0, 1, 2, 0, 1, 2])
    }

    @Test func aServerThatAcceptsButServesNothingIsNotHurried() throws {
        var network = try SimulatedNetwork()
        let call = network.submit(get, timeout: .seconds(10))
        network.settle()
        while network.reason(call) == nil {
            for id in network.links.keys {
                network.connect(id)
                network.carry(id, bytes: 30)
                network.fail(id)
            }
            try network.advanceToWakeUp()
        }
        #expect(network.opened.count < 60, "\(network.opened.count) connections in ten seconds")
    }

    @Test func whatHasNotLeftIsSentElsewhereAtOnce() throws {
        var network = try SimulatedNetwork { $0.retry.attempts = 1 }
        let (sent, half, waiting) = (network.submit(put), network.submit(put), network.submit(put))
        network.settle()
        let first = try #require(network.links.keys.first)
        network.establish(first)
        // One frame and a half of 24 + 4 + 2 bytes each.
        network.carry(first, bytes: 45)
        network.fail(first)
        #expect(network.reason(sent) == .unknownOutcome(.closedByServer))
        #expect(network.outcome(half) == nil && network.outcome(waiting) == nil)
        try network.advanceToWakeUp()
        let second = try #require(network.links.keys.first)
        network.establish(second)
        network.carry(second)
        #expect(network.links[second]?.requests.count == 2)
        network.answer(second, 1, from: store)
        network.answer(second, 0, from: store)
        guard case .success(.created(false))? = network.outcome(half),
            case .success(.created(true))? = network.outcome(waiting)
        else { throw Failure(description: "\(network.outcomes)") }
    }

    @Test func aGoodbyeTakesBackWhatHasNotLeft() throws {
        var network = try SimulatedNetwork()
        let calls = (0..<3).map { _ in network.submit(put) }
        network.settle()
        let first = try #require(network.links.keys.first)
        network.establish(first)
        network.carry(first, bytes: 45)
        network.deliver(first, goodbye())
        // The frame that has begun is finished.
        network.carry(first)
        #expect(network.links[first]?.requests.count == 2)
        let second = try #require(network.links.keys.first { $0 != first })
        network.establish(second)
        network.carry(second)
        #expect(network.links[second]?.requests.count == 1)
        network.answer(first, from: store)
        network.answer(first, from: store)
        #expect(network.links[first] == nil)
        network.answer(second, from: store)
        for call in calls { #expect(throws: Never.self) { try network.outcome(call)?.get() } }
        #expect(network.opened.count == 2)
    }

    @Test func bytesThatTLSHoldsCannotBeTakenBack() throws {
        var network = try SimulatedNetwork()
        let calls = [network.submit(put), network.submit(put)]
        network.settle()
        let first = try #require(network.links.keys.first)
        network.establish(first)
        // The socket took nothing, but the record is made.
        network.pool.send(first) { (0, $0.count) }
        network.deliver(first, goodbye())
        let holds = network.hasOutput(first)
        #expect(holds)
        network.fail(first)
        for call in calls { #expect(network.reason(call) == .unknownOutcome(.closedByServer)) }
    }

    @Test func aCallThatIsCancelledBeforeItWasSentIsNeverSent() throws {
        var network = try SimulatedNetwork()
        let call = network.submit(put)
        network.settle()
        network.pool.cancel(call)
        network.settle()
        #expect(network.reason(call) == .cancelled)
        let link = try #require(network.links.keys.first)
        network.establish(link)
        network.carry(link)
        #expect(network.links[link]?.requests.isEmpty == true)
    }

    @Test func aLostReadIsRepeatedAtOnceAndThenAfterPauses() throws {
        var network = try SimulatedNetwork { $0.retry.base = .seconds(1) }
        let call = network.submit(get)
        network.settle()
        for attempt in 1...3 {
            while network.links.isEmpty { try network.advanceToWakeUp() }
            let link = try #require(network.links.keys.first)
            network.establish(link)
            // The attempts after the first pause, so the request may come later.
            while !network.hasOutput(link) { try network.advanceToWakeUp() }
            network.carry(link)
            #expect(network.outcome(call) == nil, "attempt \(attempt)")
            network.fail(link)
        }
        #expect(network.reason(call) == .disconnected(.closedByServer))
    }

    @Test func largeValuesDoNotFillTheMemoryTwice() throws {
        var network = try SimulatedNetwork { $0.maximumConnections = 1 }
        let value = [UInt8](repeating: 7, count: 200_000)
        for _ in 0..<10 { _ = network.submit(.put(key: [1], value: value)) }
        network.settle()
        let link = try #require(network.links.keys.first)
        network.establish(link)
        let queued = network.pool.connections[link]?.output.count ?? 0
        #expect(1..<500_000 ~= queued)
        for _ in 0..<10 {
            network.carry(link)
            network.settle()
        }
        #expect(network.links[link]?.requests.count == 10)
    }

    @Test func aPoolThatClosesFinishesItsCallsFirst() throws {
        var network = try SimulatedNetwork { $0.minimumConnections = 1 }
        let call = network.submit(put)
        network.pool.close()
        network.settle()
        let late = network.submit(get)
        network.settle()
        #expect(network.reason(late) == .closed)
        let link = try #require(network.links.keys.first)
        network.establish(link)
        network.carry(link)
        #expect(network.links.count == 1)
        network.answer(link, from: store)
        let hasStopped = network.hasStopped
        #expect(hasStopped && network.links.isEmpty)
        #expect(network.outcome(call) != nil)
    }
}
