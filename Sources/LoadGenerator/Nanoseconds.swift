/// A point in time in nanoseconds of the monotonic clock.
typealias Nanoseconds = UInt64
