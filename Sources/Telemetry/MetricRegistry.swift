import Synchronization

/// A value that a plugin counts or sets, from any thread.
package final class Metric: Sendable {
    package enum Kind: String, Sendable { case counter, gauge }

    package let name: String
    package let kind: Kind
    package let help: String
    private let storage = Atomic<Int64>(0)

    init(name: String, kind: Kind, help: String) {
        self.name = name
        self.kind = kind
        self.help = help
    }

    package func add(_ amount: Int64) { storage.wrappingAdd(amount, ordering: .relaxed) }
    package func set(_ value: Int64) { storage.store(value, ordering: .relaxed) }
    package var value: Int64 { storage.load(ordering: .relaxed) }
}

/// The metrics that the plugins of one listener have registered: they outlive generations.
package final class MetricRegistry: Sendable {
    /// A plugin that registers more is faulty.
    private static let limit = 256
    private let metrics = Mutex<[Metric]>([])

    package init() {}

    /// The metric with this name; created if there is none. nil: the name is invalid or taken by another kind, or there are too many.
    package func register(_ name: String, kind: Metric.Kind, help: String) -> Metric? {
        guard isMetricName(name) else { return nil }
        return metrics.withLock { metrics in
            if let known = metrics.first(where: { $0.name == name }) { return known.kind == kind ? known : nil }
            guard metrics.count < Self.limit else { return nil }
            let metric = Metric(name: name, kind: kind, help: help)
            metrics.append(metric)
            return metric
        }
    }

    package var all: [Metric] { metrics.withLock { $0 } }
}

/// Prometheus data model: `[a-zA-Z_][a-zA-Z0-9_]*`.
private func isMetricName(_ name: String) -> Bool {
    guard let first = name.utf8.first, name.utf8.count <= 128 else { return false }
    func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
            || byte == UInt8(ascii: "_")
    }
    return isLetter(first)
        && name.utf8.allSatisfy { isLetter($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
}
