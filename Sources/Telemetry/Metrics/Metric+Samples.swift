extension Metric {
    /// What `/metrics` shows, without the labels of the host: names such as `hits_total{route="/a"}` and `took_seconds_bucket{le="0.5"}`.
    /// The sum of a histogram is in the unit of its observations.
    package var samples: [(name: String, value: Int64)] {
        readings.flatMap { reading -> [(name: String, value: Int64)] in
            let (name, labels) = (description.name, reading.labels.map { ($0.name, $0.value) })
            guard case .histogram(let sum, let buckets) = reading.value else {
                return [(PrometheusText.series(name, labels), reading.number)]
            }
            let divisor = Double(description.divisor)
            let bounds = description.bounds.map { PrometheusText.number(Double($0) / divisor) } + ["+Inf"]
            var count: Int64 = 0
            return zip(bounds, buckets).map { bound, values in
                count &+= Int64(clamping: values)
                return (PrometheusText.series("\(name)_bucket", labels + [("le", bound)]), count)
            } + [
                (PrometheusText.series("\(name)_sum", labels), Int64(clamping: sum)),
                (PrometheusText.series("\(name)_count", labels), count),
            ]
        }
    }
}
