/// A time on CLOCK_MONOTONIC by which an answer must have come.
package struct Deadline: Sendable {
    /// CLOCK_MONOTONIC
    package let nanoseconds: UInt64

    package init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    package static func after(nanoseconds: UInt64) -> Deadline {
        let (end, overflow) = readMonotonicClock().addingReportingOverflow(nanoseconds)
        return Deadline(nanoseconds: overflow ? .max : end)
    }

    package static func after(milliseconds: UInt64) -> Deadline {
        after(nanoseconds: milliseconds.multipliedReportingOverflow(by: 1_000_000).partialValue)
    }

    package var isOver: Bool { readMonotonicClock() >= nanoseconds }
}
