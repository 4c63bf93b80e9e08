/// How long to wait before another attempt: a random time up to a limit that doubles, so that clients that failed together do not come
/// back together (full jitter).
struct BackOff: Sendable {
    let baseMilliseconds: UInt64
    let limitMilliseconds: UInt64
    private var random: JitterGenerator

    init(_ policy: MartletClient.RetryPolicy, seed: UInt64) {
        baseMilliseconds = policy.base.wholeMilliseconds
        limitMilliseconds = policy.limit.wholeMilliseconds
        random = JitterGenerator(state: seed)
    }

    /// The longest wait after so many failures.
    func ceiling(afterFailures count: Int) -> UInt64 {
        let shift = UInt64(max(0, min(count - 1, 40)))
        let (product, overflow) = baseMilliseconds.multipliedReportingOverflow(by: 1 << shift)
        return overflow ? limitMilliseconds : min(product, limitMilliseconds)
    }

    mutating func milliseconds(afterFailures count: Int) -> UInt64 {
        UInt64.random(in: 0...ceiling(afterFailures: count), using: &random)
    }
}

/// SplitMix64: the same numbers for the same seed.
struct JitterGenerator: RandomNumberGenerator, Sendable {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}

extension Duration {
    /// Rounded up, and 0 if it is negative. At most a hundred years, so that a deadline does not overflow.
    var wholeMilliseconds: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        let attosecondsPerMillisecond: UInt64 = 1_000_000_000_000_000
        return UInt64(min(seconds, 3_200_000_000)) * 1_000
            + (UInt64(attoseconds) + attosecondsPerMillisecond - 1) / attosecondsPerMillisecond
    }
}
