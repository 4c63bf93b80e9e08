/// What a plugin registers: `martlet_metric_description`.
package struct MetricDescription: Sendable, Equatable {
    package enum Kind: String, Sendable { case counter, gauge, histogram }

    package let kind: Kind
    package let name: String
    package let help: String
    /// The names of its labels.
    package let labels: [String]
    /// Of a histogram: the upper bounds of its buckets, ascending.
    package let bounds: [UInt64]
    /// Of a histogram: its bounds and its sum are shown divided by it.
    package let divisor: UInt64

    package static let labelLimit = 8
    package static let boundLimit = 64
    private static let nameLimit = 128

    /// The label of the series that takes what is beyond the limit.
    package static let otherLabel = "other"
    /// Labels that the host adds.
    private static let reserved = ["listener", otherLabel, "le"]

    package init(
        _ kind: Kind, _ name: String, help: String, labels: [String] = [], bounds: [UInt64] = [], divisor: UInt64 = 1
    ) throws(MetricRefusal) {
        guard isMetricName(name) else {
            throw MetricRefusal("expected a name of 1 to \(Self.nameLimit) letters, digits and '_', no digit first")
        }
        guard labels.count <= Self.labelLimit else {
            throw MetricRefusal("\(labels.count) labels, expected at most \(Self.labelLimit)")
        }
        for (index, label) in labels.enumerated() {
            guard isMetricName(label), !label.hasPrefix("__") else {
                throw MetricRefusal(
                    "label \"\(label)\": expected letters, digits and '_', no digit and no \"__\" first")
            }
            guard !Self.reserved.contains(label) else {
                throw MetricRefusal("label \"\(label)\": the host uses this name")
            }
            guard !labels[..<index].contains(label) else { throw MetricRefusal("label \"\(label)\" twice") }
        }
        guard kind == .histogram ? (1...Self.boundLimit).contains(bounds.count) : bounds.isEmpty else {
            throw MetricRefusal(
                "\(bounds.count) bounds, expected \(kind == .histogram ? "1 to \(Self.boundLimit)" : "none")")
        }
        guard zip(bounds, bounds.dropFirst()).allSatisfy({ $0 < $1 }) else {
            throw MetricRefusal("bounds \(bounds) are not ascending")
        }
        self.kind = kind
        self.name = name
        self.help = help
        self.labels = labels
        self.bounds = bounds
        self.divisor = max(divisor, 1)
    }

    /// Whether the two are the same metric. The help may differ: the first one stays.
    func isSame(as other: Self) -> Bool {
        kind == other.kind && name == other.name && labels == other.labels && bounds == other.bounds
            && divisor == other.divisor
    }

    /// The names under which it is shown.
    var shownNames: [String] {
        kind == .histogram ? [name] + ["_bucket", "_sum", "_count"].map { name + $0 } : [name]
    }
}

/// Why a metric is not registered.
package struct MetricRefusal: Error, Equatable {
    package let text: String

    package init(_ text: String) { self.text = text }
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
