import Glibc

/// CLOCK_MONOTONIC in nanoseconds: clock_gettime(2), answered without entering the kernel.
@inlinable
package func readMonotonicClock() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
