import Synchronization

/// The metrics that the plugins of one listener have registered: they outlive generations.
package final class MetricRegistry: Sendable {
    /// A plugin that registers more is faulty.
    package static let limit = 256
    private let metrics: Mutex<[Metric]>
    private let memory: MetricMemory

    /// None. They are in memory of this process.
    package init() {
        metrics = Mutex([])
        memory = MetricMemory(nil)
    }

    /// Those in a file; nil: a process has damaged it.
    package init?(reading file: MetricFile) {
        memory = MetricMemory(file)
        guard let restored = Self.restored(from: file, memory) else { return nil }
        metrics = Mutex(restored)
    }

    /// Goes on with a file whose process has ended: what was counted stays, and what was measured (gauges) is 0. nil: the process has damaged
    /// it.
    package convenience init?(continuing file: MetricFile) {
        self.init(reading: file)
        for metric in all { metric.resetIfGauge() }
    }

    private static func restored(from file: MetricFile, _ memory: MetricMemory) -> [Metric]? {
        guard let records = file.records else { return nil }
        var metrics: [Metric] = []
        for record in records {
            switch MetricRecord(record.texts) {
            case .metric(let description):
                guard metrics.count < limit,
                    let metric = Metric.restored(description, record, place: metrics.count, in: memory)
                else { return nil }
                metrics.append(metric)
            case .row(let place, let values):
                guard metrics.indices.contains(place), metrics[place].restore(values, record) else { return nil }
            case nil: return nil
            }
        }
        return metrics
    }

    /// The metric with this name; created if there is none. A refusal says what another metric has that this one has not.
    package func register(_ description: MetricDescription) throws(MetricRefusal) -> Metric {
        try metrics.withLock { (metrics) throws(MetricRefusal) in
            if let known = metrics.first(where: { $0.description.name == description.name }) {
                guard known.description.isSame(as: description) else {
                    throw MetricRefusal(
                        "the name is in use: another kind, other labels, other bounds or another divisor")
                }
                return known
            }
            // A histogram is shown under several names: its sum under "NAME_sum".
            let taken = metrics.flatMap(\.description.shownNames)
            if let name = description.shownNames.first(where: taken.contains) {
                throw MetricRefusal("\"\(name)\" is in use by another metric")
            }
            guard metrics.count < Self.limit else {
                throw MetricRefusal("the plugin has \(Self.limit) metrics, the most that it can have")
            }
            guard let metric = Metric.made(description, place: metrics.count, in: memory) else {
                throw MetricRefusal("the metrics of the listener have no room for one more")
            }
            metrics.append(metric)
            return metric
        }
    }

    package var all: [Metric] { metrics.withLock { $0 } }
}
