/// The end of the time that a call may take.
struct Deadline {
    private let end: ContinuousClock.Instant
    let timeout: Duration

    init(after timeout: Duration) {
        self.timeout = timeout
        end = ContinuousClock.now + timeout
    }

    var remaining: Duration { max(ContinuousClock.now.duration(to: end), .zero) }

    /// For `poll`: rounded up, so that `poll` does not return a moment too early. 0 when the time is over.
    var pollMilliseconds: Int32 {
        let (seconds, attoseconds) = remaining.components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000)
        let milliseconds = attoseconds / 1_000_000_000_000_000 + (attoseconds % 1_000_000_000_000_000 > 0 ? 1 : 0)
        return overflow ? .max : Int32(clamping: scaled + milliseconds)
    }
}
