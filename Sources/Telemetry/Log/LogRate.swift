/// Limits how many lines are logged: a number per second, and ten times as many at once. The caller passes the time.
package struct LogRate {
    private static let secondsAtOnce: UInt64 = 10
    private static let second: UInt64 = 1_000_000_000

    /// Nanoseconds that a line costs; 0: no limit.
    private let cost: UInt64
    /// Nanoseconds of the clock up to which lines have been paid for. Lags behind by the unused burst.
    private var paidUntil: UInt64 = 0
    /// Lines that did not pass since the last `takeSuppressed`.
    package private(set) var suppressed = 0

    /// - Parameter linesPerSecond: 0 is no limit.
    package init(linesPerSecond: Int) {
        cost = linesPerSecond > 0 ? max(Self.second / UInt64(linesPerSecond), 1) : 0
    }

    /// Whether a line may pass now. If not, it is counted.
    ///
    /// - Parameter now: nanoseconds of a monotonic clock.
    package mutating func pass(at now: UInt64) -> Bool {
        guard cost > 0 else { return true }
        let oldest = now > Self.secondsAtOnce * Self.second ? now - Self.secondsAtOnce * Self.second : 0
        let next = max(paidUntil, oldest) + cost
        guard next <= now else {
            suppressed += 1
            return false
        }
        paidUntil = next
        return true
    }

    /// Returns the lines that did not pass since the last call.
    package mutating func takeSuppressed() -> Int {
        defer { suppressed = 0 }
        return suppressed
    }
}
