/// A point in time in nanoseconds of the monotonic clock.
typealias Nanoseconds = UInt64

extension Duration {
    /// Never negative, and at most about 292 years.
    var clampedNanoseconds: Nanoseconds {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        let limit: Int64 = 9_000_000_000
        return UInt64(min(seconds, limit)) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
    }
}
