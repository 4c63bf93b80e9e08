import Glibc
import Threads

/// Nanoseconds of CLOCK_MONOTONIC.
func monotonicNanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// A point in time by which something must have happened.
struct Deadline {
    private let end: UInt64

    init(in duration: Duration) {
        let (seconds, attoseconds) = duration.components
        end = monotonicNanoseconds() + UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
    }

    /// Rounded up; 0 once the deadline has passed.
    var millisecondsLeft: Int32 {
        let now = monotonicNanoseconds()
        return now >= end ? 0 : Int32(clamping: (end - now + 999_999) / 1_000_000)
    }

    var isOver: Bool { millisecondsLeft == 0 }
}

/// Polls a condition until it is true. Throws if it is still false after `limit`, which is multiplied under a sanitizer.
func waitUntil(
    _ what: String, within limit: Duration = .seconds(10), _ condition: () throws -> Bool
) throws {
    var time = WaitingTime(until: .after(nanoseconds: (limit * Sanitizer.slowness).nanoseconds))
    while true {
        if try condition() { return }
        guard time.next() != nil else { throw Failure("waited \(limit), but this did not happen: \(what)") }
        poll(nil, 0, 5)
    }
}

/// Lets time pass, for tests that measure what happens during that time.
func observe(for duration: Duration) {
    let deadline = Deadline(in: duration)
    while !deadline.isOver { poll(nil, 0, deadline.millisecondsLeft) }
}

/// The result of a function, and how long it took.
func measure<Value>(_ body: () throws -> Value) rethrows -> (value: Value, time: Duration) {
    let start = monotonicNanoseconds()
    let value = try body()
    return (value, .nanoseconds(monotonicNanoseconds() - start))
}

/// Seconds since 1970.
func wallClockSeconds() -> Int64 { Int64(time(nil)) }
