import CMartlet
import PluginABI
import Telemetry

/// `martlet.metrics/1`
enum MetricFunctions {
    nonisolated(unsafe) static let table: UnsafePointer<martlet_metrics> = {
        var table = martlet_metrics()
        table.size = UInt32(MemoryLayout<martlet_metrics>.size)
        table.declare = { handle, description in
            guard handle != nil, let description else { return MARTLET_ERROR_ARGUMENT }
            return declare(PluginInstance.of(handle), description)
        }
        table.series = { handle, metric, values, count in
            guard handle != nil, let values = texts(values, count, limit: MetricDescription.labelLimit) else {
                return MARTLET_ERROR_ARGUMENT
            }
            return PluginInstance.of(handle).series(metric, values)
        }
        table.observe = { handle, series, value in
            guard handle != nil else { return MARTLET_ERROR_ARGUMENT }
            return PluginInstance.of(handle).update(series) { $0.observe(value, in: $1) }
        }
        return permanent(table)
    }()

    private static func declare(
        _ instance: PluginInstance, _ description: UnsafePointer<martlet_metric_description>
    ) -> martlet_metric {
        guard let given = martlet_metric_description.read(description) else { return MARTLET_ERROR_ARGUMENT }
        do throws(MetricRefusal) {
            return try instance.registerMetric(in: "declare") { () throws(MetricRefusal) in
                guard let kind = MetricDescription.Kind(given.kind) else { return nil }
                return try read(given, kind)
            }
        } catch {
            instance.log(MARTLET_LOG_ERROR, "metric \(String(given.name)): \(error.text)")
            return MARTLET_ERROR_ARGUMENT
        }
    }

    private static func read(
        _ given: martlet_metric_description, _ kind: MetricDescription.Kind
    ) throws(MetricRefusal) -> MetricDescription {
        // The description refuses one more than allowed; no more are read.
        let labels = texts(given.labels, given.label_count, limit: MetricDescription.labelLimit + 1)
        let boundCount = min(given.bound_count, MetricDescription.boundLimit + 1)
        guard let labels, boundCount == 0 || given.bounds != nil else {
            throw MetricRefusal("its labels or bounds are NULL, but their number is not 0")
        }
        return try MetricDescription(
            kind, String(given.name), help: String(given.help), labels: labels,
            bounds: Array(UnsafeBufferPointer(start: given.bounds, count: boundCount)), divisor: given.divisor)
    }

    /// At most so many texts; nil: they are NULL, but their number is not 0.
    static func texts(_ first: UnsafePointer<martlet_text>?, _ count: Int, limit: Int) -> [String]? {
        guard count != 0 else { return [] }
        guard let first else { return nil }
        return (0..<min(max(count, 0), limit + 1)).map { String(first[$0]) }
    }
}

extension MetricDescription.Kind {
    /// nil: a kind that this host does not know.
    init?(_ kind: martlet_metric_kind) {
        switch kind {
        case MARTLET_METRIC_COUNTER: self = .counter
        case MARTLET_METRIC_GAUGE: self = .gauge
        case MARTLET_METRIC_HISTOGRAM: self = .histogram
        default: return nil
        }
    }
}
