import Histogram

/// Latencies from the start of a message or request to the last byte of its answer, with three significant digits.
package struct LatencySummary: Codable, Equatable, Sendable {
    package var meanMicroseconds = 0.0
    package var p50Microseconds = 0.0
    package var p90Microseconds = 0.0
    package var p99Microseconds = 0.0
    package var p999Microseconds = 0.0
    package var maxMicroseconds = 0.0

    package init() {}
}

/// Latencies up to a minute; longer ones count as a minute.
struct LatencyRecorder {
    private static let longest: Nanoseconds = 60_000_000_000
    private var histogram = Histogram<UInt64>(
        highestTrackableValue: longest, numberOfSignificantValueDigits: .three)

    mutating func record(_ latency: Nanoseconds) { histogram.record(min(latency, Self.longest)) }

    var summary: LatencySummary {
        var summary = LatencySummary()
        guard histogram.totalCount > 0 else { return summary }
        summary.meanMicroseconds = histogram.mean / 1000
        summary.p50Microseconds = Double(histogram.valueAtPercentile(50)) / 1000
        summary.p90Microseconds = Double(histogram.valueAtPercentile(90)) / 1000
        summary.p99Microseconds = Double(histogram.valueAtPercentile(99)) / 1000
        summary.p999Microseconds = Double(histogram.valueAtPercentile(99.9)) / 1000
        summary.maxMicroseconds = Double(histogram.max) / 1000
        return summary
    }
}
