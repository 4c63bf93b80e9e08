import Synchronization
import Testing

@testable import Engine

@Suite struct FaultMonitorTests {
    private final class Traffic: Sendable {
        let count = Atomic<UInt64>(0)
        func add(_ amount: UInt64) { count.wrappingAdd(amount, ordering: .relaxed) }
    }

    private let traffic = Traffic()
    private let fault = Fault.consumed(10, of: 9)

    private func monitor(limit: Int, window: UInt64 = 1_000, share: Double = 0.5) -> FaultMonitor {
        FaultMonitor(FaultPolicy(limit: limit, window: window, share: share)) { [traffic] in
            traffic.count.load(ordering: .relaxed)
        }
    }

    private func key(_ number: UInt8) -> AddressKey {
        AddressKey(address: PeerAddress(ipv4: "192.0.2.\(number)", port: 1)!)
    }

    /// Records a connection with a fault.
    private func record(_ monitor: FaultMonitor, _ peer: UInt8?, at now: UInt64) {
        traffic.add(1)
        monitor.record(fault, in: .received, of: peer.map(key), at: now)
    }

    @Test func refusesForAWindowAndRecovers() {
        let monitor = monitor(limit: 3)
        for peer in 1...2 { record(monitor, UInt8(peer), at: 100) }
        #expect(!monitor.isRefusing(at: 100))
        record(monitor, 3, at: 200)
        #expect(monitor.isRefusing(at: 200))
        #expect(monitor.isRefusing(at: 1_199))
        #expect(!monitor.isRefusing(at: 1_200))
        record(monitor, 1, at: 1_300)
        #expect(!monitor.isRefusing(at: 1_300), "the count has started again")
    }

    @Test func faultsOfAnEarlierWindowDoNotCount() {
        let monitor = monitor(limit: 2)
        record(monitor, 1, at: 100)
        record(monitor, 2, at: 1_100)
        #expect(!monitor.isRefusing(at: 1_100))
        record(monitor, 3, at: 1_200)
        #expect(monitor.isRefusing(at: 1_200))
    }

    @Test func onePeerCountsForAtMostATenthOfTheLimit() {
        let monitor = monitor(limit: 20)
        for time in 0..<100 { record(monitor, 1, at: UInt64(time)) }
        #expect(!monitor.isRefusing(at: 100))
        for peer in 2...10 { for _ in 0..<2 { record(monitor, UInt8(peer), at: 200) } }
        #expect(!monitor.isRefusing(at: 200), "most connections of the window were those of one peer")
        for peer in 11...60 { for _ in 0..<2 { record(monitor, UInt8(peer), at: 300) } }
        #expect(monitor.isRefusing(at: 300))
    }

    @Test func peersWithoutAnAddressAreAllCounted() {
        let monitor = monitor(limit: 20)
        for _ in 0..<20 { record(monitor, nil, at: 5) }
        #expect(monitor.isRefusing(at: 5))
    }

    @Test func aSmallShareOfFaultsRefusesNothing() {
        let monitor = monitor(limit: 5)
        for peer in 1...30 {
            traffic.add(2)
            record(monitor, UInt8(peer), at: 10)
        }
        #expect(!monitor.isRefusing(at: 10))
    }

    @Test func aLimitOfZeroNeverRefuses() {
        let monitor = monitor(limit: 0)
        for peer in 1...200 { record(monitor, UInt8(peer), at: 1) }
        #expect(!monitor.isRefusing(at: 1))
    }

    @Test func newsAreReportedOnceAndGroupedByRule() {
        let monitor = monitor(limit: 3)
        for peer in 1...3 { record(monitor, UInt8(peer), at: 1) }
        monitor.record(.committed(9, reserved: 8), in: .timer, of: key(1), at: 1)
        let news = monitor.takeNews()
        #expect(news.hasBegunToRefuse)
        #expect(news.reports.map(\.count) == [3, 1])
        #expect(news.reports.map(\.fault.text) == ["consumed 10 of 9 bytes", "committed 9 bytes of 8 reserved"])
        #expect(news.reports.map(\.callback) == [.received, .timer])
        let later = monitor.takeNews()
        #expect(later.reports.isEmpty && !later.hasBegunToRefuse)
    }
}
