import Synchronization

/// The metrics that the plugins of one listener have registered: they outlive generations.
package final class MetricRegistry: Sendable {
    /// A plugin that registers more is faulty.
    package static let limit = 256
    private let metrics = Mutex<[Metric]>([])

    package init() {}

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
            let metric = Metric(description)
            metrics.append(metric)
            return metric
        }
    }

    package var all: [Metric] { metrics.withLock { $0 } }
}
