/// A time on CLOCK_MONOTONIC by which an answer must have come.
package struct Deadline: Sendable {
    /// CLOCK_MONOTONIC
    package let nanoseconds: UInt64

    package init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    package static func after(nanoseconds: UInt64) -> Deadline {
        Deadline(nanoseconds: readMonotonicClock().adding(saturating: nanoseconds))
    }

    package static func after(milliseconds: UInt64) -> Deadline {
        after(nanoseconds: milliseconds.multiplied(saturating: 1_000_000))
    }

    /// What is left, for poll(2): rounded up; -1: for ever.
    package var pollMilliseconds: Int32 {
        if nanoseconds == .max { return -1 }
        let now = readMonotonicClock()
        return now >= nanoseconds ? 0 : Int32(clamping: (nanoseconds - now) / 1_000_000 + 1)
    }

    package var isOver: Bool { readMonotonicClock() >= nanoseconds }
}
