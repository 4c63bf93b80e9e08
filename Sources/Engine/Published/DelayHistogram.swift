import Telemetry

/// How often durations occurred, in buckets that are 1/32 of their value wide, or 1 µs. Flat memory, which another process can read. One
/// thread at a time records.
package struct DelayHistogram: ~Copyable {
    private static let bucketsOfOctave: UInt64 = 32
    /// The longest duration: about 73 minutes.
    private static let limit: UInt64 = (1 << 42) - 1
    private let buckets = InlineArray<896, Counter> { _ in Counter() }
    private let longest = Counter()

    init() { assert(Self.bucket(of: Self.limit) == buckets.count - 1, "each duration has a bucket") }

    /// - Parameter duration: nanoseconds.
    func record(_ duration: UInt64) {
        let duration = min(duration, Self.limit)
        buckets[Self.bucket(of: duration)].add(1)
        if duration > longest.value { longest.set(duration) }
    }

    private static func bucket(of duration: UInt64) -> Int {
        // About microseconds.
        let units = duration >> 10
        guard units >= bucketsOfOctave else { return Int(units) }
        let octave = UInt64(units.bitWidth - 1 - units.leadingZeroBitCount) - 5
        return Int(bucketsOfOctave * octave + units >> octave)
    }

    /// The longest duration of a bucket.
    private static func end(of bucket: Int) -> UInt64 {
        let bucket = UInt64(bucket)
        // The first octave has twice as many.
        let octave = max(bucket / bucketsOfOctave, 1) - 1
        return (bucket - bucketsOfOctave * octave + 1) << (octave + 10) - 1
    }

    /// The durations in nanoseconds that these parts of all do not exceed; 0 when nothing was recorded.
    ///
    /// - Parameter parts: from 0 to 1, ascending.
    package func quantiles(_ parts: [Double]) -> [UInt64] {
        let counts = buckets.indices.map { buckets[$0].value }
        let (total, longest) = (counts.reduce(0, &+), longest.value)
        var (index, seen) = (0, counts[0])
        return parts.map { part in
            let wanted = max((Double(total) * part).rounded(.up), 1)
            while Double(seen) < wanted, index + 1 < counts.count {
                index += 1
                seen &+= counts[index]
            }
            return total == 0 ? 0 : min(Self.end(of: index), longest)
        }
    }
}
