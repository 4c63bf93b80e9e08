import MartletKit

/// The wall clock in milliseconds, without a system call: the host's monotonic clock has nanoseconds, and its wall clock has
/// seconds. Deadlines of keys are times of the wall clock, as in Redis: they stay true in another process.
struct Clock {
    /// Added to the monotonic clock.
    private var offset: Int64 = 0

    @inline(__always)
    mutating func milliseconds(_ connection: Connection<RESP>) -> Int64 {
        let monotonic = Int64(clamping: connection.monotonicNanoseconds / 1_000_000)
        let seconds = connection.wallClockSeconds
        let now = monotonic &+ offset
        if now >= seconds &* 1_000, now < (seconds &+ 1) &* 1_000 { return now }
        return adjust(monotonic, seconds)
    }

    /// At the beginning, and when somebody sets the clock: the difference may be up to a second too small until the wall clock
    /// moves on.
    @inline(never)
    private mutating func adjust(_ monotonic: Int64, _ seconds: Int64) -> Int64 {
        let now = monotonic &+ offset
        let first = seconds &* 1_000
        let right = now < first ? first : first &+ 999
        offset = right &- monotonic
        return right
    }
}
