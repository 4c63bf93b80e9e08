/// The time that a wait has left, on the clock of those who could run.
///
/// A virtual machine that is moved or a process that is stopped comes back after its deadlines have passed, and what it waits for has
/// stood still with it. So a wait is made of slices, and a slice that took much longer than asked counts as twice its length.
package struct WaitingTime: Sendable {
    private static let slice: UInt64 = 250_000_000

    /// Nanoseconds.
    private var left: UInt64
    /// When the current slice began.
    private var began: UInt64

    package init(until deadline: Deadline) {
        let now = readMonotonicClock()
        self.init(
            nanoseconds: deadline.nanoseconds > now ? deadline.nanoseconds - now : 0, now: readRealMonotonicClock())
    }

    init(nanoseconds: UInt64, now: UInt64) {
        left = nanoseconds
        began = now
    }

    /// When to look again; nil: the time is used up.
    package mutating func next() -> Deadline? { next(now: readRealMonotonicClock()) }

    mutating func next(now: UInt64) -> Deadline? {
        if left < .max { left -= min(left, now - began, 2 * Self.slice) }
        began = now
        return left == 0 ? nil : Deadline(nanoseconds: now + min(left, Self.slice))
    }
}
