import Testing

@testable import Users

@Suite struct FailureLimitsTests {
    private let second: UInt64 = 1_000_000_000
    private let start: UInt64 = 1_000_000_000_000
    private let home = PeerNetwork(high: 1, low: 1)
    private var limits = FailureLimits()

    private func network(_ number: Int) -> PeerNetwork { PeerNetwork(high: 7, low: UInt64(number)) }

    @Test mutating func anAddressMayFailTenTimesAgainstOneUser() {
        for attempt in 0..<10 {
            #expect(!limits.isLimited(home, "ann", at: start), "attempt \(attempt)")
            limits.fail(home, "ann", at: start)
        }
        #expect(limits.isLimited(home, "ann", at: start))
        #expect(!limits.isLimited(home, "bob", at: start), "others behind the same address get in")
        #expect(!limits.isLimited(network(1), "ann", at: start), "from elsewhere, too")
        #expect(limits.isLimited(home, "ann", at: start + 5 * second))
        #expect(!limits.isLimited(home, "ann", at: start + 7 * second), "one more is free after 6 s")
        limits.fail(home, "ann", at: start + 7 * second)
        #expect(limits.isLimited(home, "ann", at: start + 7 * second))
    }

    @Test mutating func anAddressMayFailAHundredTimesAgainstAllUsers() {
        limits.succeed(home, "ann")
        for attempt in 0..<100 {
            #expect(!limits.isLimited(home, "user \(attempt)", at: start), "attempt \(attempt)")
            limits.fail(home, attempt % 2 == 0 ? "user \(attempt)" : nil, at: start)
        }
        #expect(limits.isLimited(home, "user 1000", at: start))
        #expect(!limits.isLimited(home, "ann", at: start), "who has logged in from there before")
        #expect(!limits.isLimited(network(1), "user 1000", at: start))
        #expect(!limits.isLimited(home, "user 1000", at: start + 2 * second))
    }

    @Test mutating func allAddressesMayFailAHundredTimesAgainstOneUser() {
        limits.succeed(home, "ann")
        for number in 0..<100 {
            #expect(!limits.isLimited(network(number), "ann", at: start))
            limits.fail(network(number), "ann", at: start)
        }
        #expect(limits.isLimited(network(1_000), "ann", at: start))
        #expect(!limits.isLimited(home, "ann", at: start), "where ann has logged in before")
        #expect(!limits.isLimited(network(1_000), "ann", at: start + 2 * second))
    }

    @Test mutating func manyAddressesFillNoMemory() {
        for number in 0..<FailureLimits.entryLimit * 2 {
            limits.fail(network(number), "user \(number)", at: start)
            limits.succeed(network(number), "user \(number)")
        }
        #expect(limits.entryCount <= 2 * FailureLimits.entryLimit)
    }
}
