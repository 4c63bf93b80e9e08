import Testing

@testable import Threads

@Suite struct WaitingTimeTests {
    private let second: UInt64 = 1_000_000_000

    @Test func slicesAddUpToTheWholeTime() {
        var (time, now, count) = (WaitingTime(nanoseconds: 10 * second, now: 7), UInt64(7), 0)
        while let next = time.next(now: now) {
            now = next.nanoseconds
            count += 1
        }
        #expect(now == 7 + 10 * second)
        #expect(count == 40)
    }

    @Test func timeInWhichNobodyCouldRunDoesNotCount() {
        var time = WaitingTime(nanoseconds: 10 * second, now: 0)
        _ = time.next(now: 0)
        let late = time.next(now: 3_600 * second)
        #expect(late?.nanoseconds == 3_600 * second + second / 4)
        var now = 3_600 * second
        while let next = time.next(now: now) { now = next.nanoseconds }
        #expect(now == 3_600 * second + 19 * second / 2)
    }

    @Test func aDeadlineThatHasPassedIsOver() {
        var (past, never) = (WaitingTime(until: Deadline(nanoseconds: 1)), WaitingTime(nanoseconds: .max, now: 0))
        #expect(past.next() == nil)
        #expect(never.next(now: second)?.nanoseconds == 5 * second / 4)
    }
}
