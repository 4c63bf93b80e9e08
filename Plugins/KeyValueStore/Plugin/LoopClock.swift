/// The wall clock on one event loop in milliseconds, without a system call: the host's monotonic clock has nanoseconds, and its wall clock
/// has seconds. Deadlines of keys are times of the wall clock, as in Redis: they stay true in another process.
///
/// It also times the sweeps for expired keys, whose ticks have no clock.
package struct LoopClock {
    package static let sweepMilliseconds: Int64 = 500
    /// Looked at in one sweep: about 0.5 ms.
    package static let keysOfSweep = 10_000

    /// Added to the monotonic clock.
    private var offset: Int64 = 0
    /// The time of the last callback that asked, and of the ticks since then but the first; 0: there was none.
    private var lastMilliseconds: Int64 = 0
    private var isFirstTick = true

    package init() {}

    /// Milliseconds since 1970, as of the current callback.
    @inline(__always)
    package mutating func milliseconds(monotonicNanoseconds: UInt64, wallClockSeconds seconds: Int64) -> Int64 {
        let monotonic = Int64(clamping: monotonicNanoseconds / 1_000_000)
        var now = monotonic &+ offset
        if now < seconds &* 1_000 || now >= (seconds &+ 1) &* 1_000 { now = adjust(monotonic, seconds) }
        lastMilliseconds = now
        isFirstTick = true
        return now
    }

    /// At the beginning, and when somebody sets the clock. Asks the kernel, because the clocks of all loops must agree: a key that lives
    /// for half a second must not have expired on another loop at once.
    @inline(never)
    private mutating func adjust(_ monotonic: Int64, _ seconds: Int64) -> Int64 {
        let kernel = Int64(clamping: WallClock.microseconds / 1_000)
        if abs(kernel / 1_000 - seconds) <= 1 {
            offset = kernel &- monotonic
            return kernel
        }
        // The clock of a simulation, which begins with a whole second.
        let now = monotonic &+ offset
        let first = seconds &* 1_000
        let right = now < first ? first : first &+ 999
        offset = right &- monotonic
        return right
    }

    /// The time in a tick of the sweep. Never later than the true time: the first tick may come at once after a callback, and others may be
    /// left out. nil: there was no callback yet.
    package mutating func nextTick() -> Int64? {
        guard lastMilliseconds > 0 else { return nil }
        if !isFirstTick { lastMilliseconds += Self.sweepMilliseconds }
        isFirstTick = false
        return lastMilliseconds
    }
}
