import CMartlet
import Engine
import PluginABI
import Telemetry

/// The metrics of a plugin. `martlet_metric` holds the place of the metric in `metrics`, and in its upper half the number of a series.
extension PluginInstance {
    private static let seriesShift: martlet_metric = 16

    /// - Parameter function: what the plugin called.
    func registerMetric(
        in function: String, _ describe: () throws(MetricRefusal) -> MetricDescription?
    ) throws(MetricRefusal) -> martlet_metric {
        if isOutsideCreate(function) { return MARTLET_ERROR_CLOSED }
        guard let description = try describe() else { return MARTLET_ERROR_UNSUPPORTED }
        return martlet_metric(metrics.add(try registry.register(description)))
    }

    /// - Parameter change: gets the metric and the number of the series. false: there is no such series, or the kind of the metric does not
    ///   allow it.
    func update(_ id: martlet_metric, _ change: (Metric, Int) -> Bool) -> martlet_result {
        let (place, series) = (Int(id & (1 << Self.seriesShift - 1)), Int(id >> Self.seriesShift))
        if id >= 0, let metric = metrics[place], metric._withUnsafeGuaranteedRef({ change($0, series) }) {
            return MARTLET_OK
        }
        ledger.faults.record(.metricUpdate(id), in: .work, at: MonotonicTime.now().nanoseconds)
        return MARTLET_ERROR_ARGUMENT
    }

    /// The series of a metric with labels.
    func series(_ id: martlet_metric, _ values: [String]) -> martlet_metric {
        guard
            let series = metrics[Int(id)]?.takeUnretainedValue().series(values, limit: settings.metricSeries)
        else {
            ledger.faults.record(.metricSeries(id), in: .work, at: MonotonicTime.now().nanoseconds)
            return MARTLET_ERROR_ARGUMENT
        }
        if series.isOther { hit(.metricSeries) }
        return id | martlet_metric(series.number) << Self.seriesShift
    }
}
