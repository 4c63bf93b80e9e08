import Testing

@testable import KeyValueStore

@Suite struct LoopClockTests {
    /// Whatever the monotonic clock of a loop says, and in whatever part of a second it is asked first.
    @Test(arguments: [UInt64(0), 1_999_999_999, 123_456_789_000_000])
    func theClocksOfAllLoopsAgreeWithTheKernel(monotonicNanoseconds: UInt64) {
        let before = Int64(WallClock.microseconds / 1_000)
        // The host may not have noticed yet that a second has begun.
        for seconds in [before / 1_000, before / 1_000 - 1] {
            var clock = LoopClock()
            let now = clock.milliseconds(monotonicNanoseconds: monotonicNanoseconds, wallClockSeconds: seconds)
            #expect((before...Int64(WallClock.microseconds / 1_000)).contains(now))
        }
    }

    /// A simulation has a time of its own, which the machine does not know.
    @Test func followsTheTimeOfASimulation() {
        var clock = LoopClock()
        let start: Int64 = 1_700_000_000
        #expect(clock.milliseconds(monotonicNanoseconds: 5_000_000, wallClockSeconds: start) == start * 1_000)
        #expect(clock.milliseconds(monotonicNanoseconds: 905_000_000, wallClockSeconds: start) == start * 1_000 + 900)
        #expect(
            clock.milliseconds(monotonicNanoseconds: 1_005_000_000, wallClockSeconds: start + 1) == (start + 1) * 1_000)
        // Somebody sets the clock.
        #expect(
            clock.milliseconds(monotonicNanoseconds: 1_105_000_000, wallClockSeconds: start + 90) == (start + 90)
                * 1_000)
    }
}
