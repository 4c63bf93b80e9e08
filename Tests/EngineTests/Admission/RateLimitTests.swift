import Glibc
import Synchronization
import Testing

@testable import Engine

/// Time is a parameter: no test waits.
@Suite struct RateLimitTests {
    private let second: UInt64 = 1_000_000_000
    /// Any time will do; the clock of a machine is never at zero.
    private let start: UInt64 = 77_000_000_000

    @Test func zeroIsNoLimit() {
        #expect(!RateLimit.none.isSet)
        #expect(!RateLimit(perSecond: 0, burst: 5).isSet)
        #expect(RateLimit(perSecond: 1, burst: 0).isSet)
    }

    @Test(arguments: [(1, 1), (10, 1), (10, 5), (10, 0), (1_000, 100), (10_000_000, 10_000_000)])
    func allowsABurstAndThenTheRate(rate: Int, burst: Int) {
        let limit = RateLimit(perSecond: rate, burst: burst)
        let clock = Clock()
        var taken = 0
        while taken <= rate + burst, clock.take(limit, at: start) { taken += 1 }
        #expect(taken == (burst == 0 ? rate : burst))
        #expect(!clock.take(limit, at: start + limit.interval - 1))
        #expect(clock.take(limit, at: start + limit.interval))
        #expect(!clock.take(limit, at: start + limit.interval))
    }

    @Test func steadyRequestsGetTheRateAndNoMore() {
        let limit = RateLimit(perSecond: 50, burst: 10)
        let clock = Clock()
        // Asks for 200 events per second, for ten seconds.
        let taken = (0..<2_000).count { clock.take(limit, at: start + UInt64($0) * second / 200) }
        #expect((500...511).contains(taken), "\(taken)")
    }

    @Test func silenceSavesUpNoMoreThanTheBurst() {
        let limit = RateLimit(perSecond: 10, burst: 3)
        let clock = Clock()
        for hour in 0..<5 as Range<UInt64> {
            let now = start + hour * 3_600 * second
            let taken = (0..<10).count { _ in clock.take(limit, at: now) }
            #expect(taken == 3)
        }
    }

    @Test func anEventThatIsGivenBackCanBeTakenAgain() {
        let limit = RateLimit(perSecond: 10, burst: 2)
        let clock = Clock()
        for _ in 0..<100 {
            #expect(clock.take(limit, at: start))
            clock.giveBack(limit.interval)
        }
        let taken = (0..<10).count { _ in clock.take(limit, at: start) }
        #expect(taken == 2)
    }

    @Test func reportsWhenTheNextEventIsAllowed() {
        let limit = RateLimit(perSecond: 10, burst: 2)
        let clock = Clock()
        #expect(clock.wait(limit, at: start) == 0)
        while clock.take(limit, at: start) {}
        let wait = clock.wait(limit, at: start)
        #expect(wait == second / 10)
        #expect(!clock.take(limit, at: start + wait - 1))
        #expect(clock.take(limit, at: start + wait))
    }

    @Test func chargingMeasuresTheLead() {
        let limit = RateLimit(perSecond: 10, burst: 3)
        let clock = Clock()
        for number in 1...8 as ClosedRange<UInt64> {
            let lead = clock.charge(limit, at: start)
            #expect(lead == number * second / 10)
            #expect(limit.isExceeded(lead: lead) == (number > 3))
            #expect(limit.wait(lead: lead) == (number < 3 ? 0 : (number - 2) * second / 10))
        }
        // An event after the required wait does not exceed the limit.
        let later = start + 6 * second / 10
        #expect(!limit.isExceeded(lead: clock.charge(limit, at: later)))
    }

    @Test func isRestedOnceItHasCaughtUp() {
        let limit = RateLimit(perSecond: 10, burst: 5)
        let clock = Clock()
        #expect(clock.isRested(at: start))
        _ = clock.charge(limit, at: start)
        #expect(!clock.isRested(at: start))
        #expect(clock.isRested(at: start + second / 10))
    }

    @Test func severalThreadsTogetherTakeNoMoreThanTheBurst() {
        let limit = RateLimit(perSecond: 1, burst: 1_000)
        let clock = Clock()
        let taken = Atomic<Int>(0)
        let now = start
        onThreads(4) {
            for _ in 0..<1_000 where clock.take(limit, at: now) { taken.wrappingAdd(1, ordering: .relaxed) }
        }
        #expect(taken.load(ordering: .relaxed) == 1_000)
    }

    /// Giving back what another limit charged, or what was never charged, must not cause an endless wait.
    @Test func givingBackTooMuchAllowsTheNextEventAtOnce() {
        let limit = RateLimit(perSecond: 1, burst: 1)
        let clock = Clock()
        clock.giveBack(UInt64.max)
        #expect(clock.take(limit, at: start))
        clock.giveBack(limit.interval * 1_000_000_000)
        #expect(clock.wait(limit, at: start) == 0)
        #expect(clock.take(limit, at: start))
    }

    @Test func chargesOfSeveralThreadsAllCount() {
        let limit = RateLimit(perSecond: 1_000, burst: 1)
        let clock = Clock()
        let now = start
        onThreads(4) { for _ in 0..<1_000 { _ = clock.charge(limit, at: now) } }
        #expect(clock.charge(limit, at: now) == 4_001 * limit.interval)
    }
}

/// Wraps a `RateClock`, which cannot be copied, so that `#expect` accepts it.
private final class Clock: Sendable {
    private let clock = RateClock()

    func take(_ limit: RateLimit, at now: UInt64) -> Bool { clock.take(limit, at: now) }
    func giveBack(_ charged: UInt64) { clock.giveBack(charged) }
    func wait(_ limit: RateLimit, at now: UInt64) -> UInt64 { clock.wait(limit, at: now) }
    func charge(_ limit: RateLimit, at now: UInt64) -> UInt64 { clock.charge(limit, at: now) }
    func isRested(at now: UInt64) -> Bool { clock.isRested(at: now) }
}
