import CMartlet
import Synchronization

/// The metrics of a plugin, for all its generations: the same name is the same metric. From any thread.
final class MetricTable: Sendable {
    private struct Metric {
        let name: String
        let isCounter: Bool
        var value: Int64 = 0
    }

    private let metrics = Mutex<[Metric]>([])

    var values: [String: Int64] {
        metrics.withLock { metrics in
            Dictionary(uniqueKeysWithValues: metrics.map { ($0.name, $0.value) })
        }
    }

    func register(_ name: String, isCounter: Bool) -> martlet_metric {
        guard Self.isName(name) else { return MARTLET_ERROR_ARGUMENT }
        return metrics.withLock { metrics in
            if let index = metrics.firstIndex(where: { $0.name == name }) {
                return metrics[index].isCounter == isCounter ? martlet_metric(index) : MARTLET_ERROR_ARGUMENT
            }
            metrics.append(Metric(name: name, isCounter: isCounter))
            return martlet_metric(metrics.count - 1)
        }
    }

    /// As Prometheus has it: letters, digits and `_`, and no digit first.
    private static func isName(_ name: String) -> Bool {
        guard let first = name.utf8.first, name.utf8.count <= 128, !(0x30...0x39).contains(first) else { return false }
        return name.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x7A).contains($0 | 0x20) || $0 == 0x5F }
    }

    /// False: there is no such metric, or a counter would fall.
    func add(_ amount: Int64, to metric: martlet_metric) -> Bool {
        update(metric) { found in
            guard !found.isCounter || amount >= 0 else { return false }
            found.value &+= amount
            return true
        }
    }

    /// False: there is no such metric, or it is a counter.
    func set(_ metric: martlet_metric, to value: Int64) -> Bool {
        update(metric) { found in
            guard !found.isCounter else { return false }
            found.value = value
            return true
        }
    }

    private func update(_ metric: martlet_metric, _ change: (inout Metric) -> Bool) -> Bool {
        metrics.withLock { $0.indices.contains(Int(metric)) && change(&$0[Int(metric)]) }
    }
}
