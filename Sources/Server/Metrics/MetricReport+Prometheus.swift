import HostInterface
import Telemetry

extension MetricReport {
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
