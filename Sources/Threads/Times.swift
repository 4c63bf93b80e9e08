extension Duration {
    /// 0 for a negative duration; at most 584 years.
    package var nanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        return UInt64(max(seconds, 0)).multiplied(saturating: 1_000_000_000)
            .adding(saturating: UInt64(max(attoseconds, 0) / 1_000_000_000))
    }

    /// Rounded up, so that a timeout of less than a millisecond does not become 0, which means none.
    package var milliseconds: UInt64 {
        let (seconds, attoseconds) = components
        return UInt64(max(seconds, 0)).multiplied(saturating: 1_000)
            .adding(saturating: UInt64((max(attoseconds, 0) + 999_999_999_999_999) / 1_000_000_000_000_000))
    }
}

/// For times, of which the largest number means for ever.
extension UInt64 {
    package func adding(saturating other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }

    package func multiplied(saturating factor: UInt64) -> UInt64 {
        let (product, overflow) = multipliedReportingOverflow(by: factor)
        return overflow ? .max : product
    }
}
