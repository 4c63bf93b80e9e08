import Telemetry

/// A metric of a plugin, with what was counted.
package struct MetricReport: Codable, Sendable {
    package var name: String
    package var kind: String
    package var help: String
    /// The sum of its series; of a histogram: how many values were counted.
    package var value: Int64
    /// The names of its labels.
    package var labels: [String] = []
    /// Of a metric with labels, and of a histogram.
    package var series: [Series] = []

    package struct Series: Codable, Sendable {
        package var labels: [String: String]
        package var value: Int64
        /// nil: its metric is no histogram.
        package var histogram: Histogram?
    }

    package struct Histogram: Codable, Sendable {
        package var sum: Double
        package var buckets: [Bucket]
    }

    package struct Bucket: Codable, Sendable {
        /// nil: no bound.
        package var bound: Double?
        /// The values up to the bound, and above the bound before it.
        package var count: UInt64
    }
}

extension MetricReport {
    /// All that is counted in a file, as of now.
    package static func all(in file: MetricFile?) -> [MetricReport] {
        file.flatMap { MetricRegistry(reading: $0) }?.all.map(MetricReport.init) ?? []
    }

    private init(_ metric: Metric) {
        let (description, readings) = (metric.description, metric.readings)
        name = description.name
        kind = description.kind.rawValue
        help = description.help
        labels = description.labels
        value = readings.reduce(0) { $0 &+ $1.number }
        let hasSeries = !labels.isEmpty || description.kind == .histogram
        series = hasSeries ? readings.map { Series($0, of: description) } : []
    }
}

extension MetricReport.Series {
    fileprivate init(_ reading: MetricReading, of description: MetricDescription) {
        labels = Dictionary(reading.labels.map { ($0.name, $0.value) }) { first, _ in first }
        value = reading.number
        guard case .histogram(let sum, let counts) = reading.value else { return }
        let divisor = Double(description.divisor)
        let bounds = description.bounds.map { Double($0) / divisor } + [nil]
        histogram = .init(
            sum: Double(sum) / divisor, buckets: zip(bounds, counts).map { .init(bound: $0, count: $1) })
    }
}
