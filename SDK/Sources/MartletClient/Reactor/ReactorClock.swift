import Glibc

/// The clock of a reactor, in milliseconds from an arbitrary start. A test moves its own.
struct ReactorClock: Sendable {
    let nowMilliseconds: @Sendable () -> UInt64
    /// False: the reactor sleeps until something happens, and whoever moves the clock wakes it.
    let runsAlone: Bool

    /// CLOCK_MONOTONIC
    static let monotonic = ReactorClock(
        nowMilliseconds: {
            var time = timespec()
            clock_gettime(CLOCK_MONOTONIC, &time)
            return UInt64(time.tv_sec) * 1_000 + UInt64(time.tv_nsec) / 1_000_000
        }, runsAlone: true)

    /// The time-out of epoll_wait(2).
    ///
    /// - Parameter deadline: nil: none.
    func waitMilliseconds(until deadline: UInt64?) -> Int32 {
        guard let deadline else { return -1 }
        let now = nowMilliseconds()
        if deadline <= now { return 0 }
        return runsAlone ? Int32(clamping: deadline - now) : -1
    }
}
