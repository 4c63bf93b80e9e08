import Telemetry

extension StatusReport.Metric {
    init(_ metric: Metric) {
        let (description, readings) = (metric.description, metric.readings)
        name = description.name
        kind = description.kind.rawValue
        help = description.help
        labels = description.labels
        value = readings.reduce(0) { $0 &+ $1.number }
        let hasSeries = !labels.isEmpty || description.kind == .histogram
        series = hasSeries ? readings.map { Series($0, of: description) } : []
    }

    /// - Parameter prefix: labels of the host.
    func add(to text: inout PrometheusText, as name: String, _ prefix: [PrometheusText.Label]) {
        guard let kind = PrometheusText.Kind(rawValue: kind) else { return }
        guard !series.isEmpty || !labels.isEmpty else { return text.add(kind, name, help: help, prefix, Double(value)) }
        for series in series {
            let labels = prefix + orderedLabels(of: series)
            guard let histogram = series.histogram else {
                text.add(kind, name, help: help, labels, Double(series.value))
                continue
            }
            text.add(
                name, help: help, labels,
                PrometheusText.Histogram(
                    buckets: histogram.buckets.map { ($0.bound, $0.count) }, sum: histogram.sum))
        }
    }

    /// In the order of the metric; the series beyond the limit has a label of its own.
    package func orderedLabels(of series: Series) -> [PrometheusText.Label] {
        (labels + [MetricDescription.otherLabel]).compactMap { name in series.labels[name].map { (name, $0) } }
    }
}

extension StatusReport.Metric.Series {
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
