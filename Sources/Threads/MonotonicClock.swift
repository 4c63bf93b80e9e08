import CLinux
import Glibc

/// CLOCK_MONOTONIC in nanoseconds: clock_gettime(2), answered without entering the kernel. In a simulation, its own clock.
@inlinable
package func readMonotonicClock() -> UInt64 {
    let simulated = linux_get_simulated_time()
    return _slowPath(simulated != 0) ? simulated : readRealMonotonicClock()
}

/// The same, also in a simulation, for waits for threads that are real.
@inlinable
package func readRealMonotonicClock() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// The processor time of the calling thread in nanoseconds: CLOCK_THREAD_CPUTIME_ID, clock_gettime(2).
package func readThreadClock() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// The clock of a simulation, which stands still until it is set.
package enum SimulatedClock {
    /// Where it starts: not at 0, so that code that confuses a time with "no time" is found out.
    package static let start: UInt64 = 1_000_000_000_000
    /// Seconds since 1970 at the start.
    package static let wallClockStart: Int64 = 1_700_000_000

    /// The time on the calling thread; nil: the thread has the real clock.
    package static var time: UInt64? {
        get { linux_get_simulated_time() == 0 ? nil : linux_get_simulated_time() }
        set { linux_set_simulated_time(newValue ?? 0) }
    }
}
