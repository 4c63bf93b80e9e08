import Testing

@testable import Threads

@Suite struct WakeupTests {
    @Test func oneThatComesBeforeTheSleepIsNotLost() {
        let wakeup = Wakeup()
        wakeup.post()
        let began = readMonotonicClock()
        wakeup.wait(until: began + 60_000_000_000)
        #expect(readMonotonicClock() - began < 30_000_000_000)
    }

    @Test func aSleepEndsAtItsTime() {
        let wakeup = Wakeup()
        let end = readMonotonicClock() + 1_000_000
        while readMonotonicClock() < end { wakeup.wait(until: end) }
        // Long past.
        wakeup.wait(until: 0)
    }

    @Test func twoThreadsWakeEachOtherInTurns() throws {
        let pair = Pair()
        let thread = try NamedThread(name: "wakeup") {
            for _ in 0..<Pair.turns {
                pair.there.wait(until: .max)
                pair.back.post()
            }
        }
        for _ in 0..<Pair.turns {
            pair.there.post()
            pair.back.wait(until: .max)
        }
        thread.join()
    }

    private final class Pair: Sendable {
        static let turns = 10_000
        let there = Wakeup()
        let back = Wakeup()
    }
}
