import Glibc
import Threads

/// Seconds since 1970 without a system call per event: the clock is read again only when the monotonic clock shows that a new
/// second has begun.
struct WallClock {
    private(set) var seconds: Int64 = 0
    private var refreshAt: UInt64 = 0

    /// - Parameter now: CLOCK_MONOTONIC in nanoseconds.
    @inline(__always)
    mutating func update(_ now: UInt64) {
        if now >= refreshAt { read(now) }
    }

    private mutating func read(_ now: UInt64) {
        if SimulatedClock.time != nil {
            let whole = (now - SimulatedClock.start) / 1_000_000_000
            seconds = SimulatedClock.wallClockStart + Int64(whole)
            refreshAt = SimulatedClock.start + (whole + 1) * 1_000_000_000
            return
        }
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        seconds = Int64(time.tv_sec)
        refreshAt = now + UInt64(1_000_000_000 - time.tv_nsec)
    }
}
