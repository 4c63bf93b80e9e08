/// Metrics in the text format of Prometheus, version 0.0.4
/// (https://prometheus.io/docs/instrumenting/exposition_formats/).
package struct PrometheusText: Sendable {
    package enum Kind: String, Sendable { case counter, gauge, summary, histogram }
    package typealias Label = (name: String, value: String)

    /// A histogram, in the unit in which it is shown.
    package struct Histogram: Sendable {
        /// nil: no bound. Ascending, with one without a bound at the end.
        package let buckets: [(bound: Double?, count: UInt64)]
        package let sum: Double

        package init(buckets: [(bound: Double?, count: UInt64)], sum: Double) {
            self.buckets = buckets
            self.sum = sum
        }
    }

    private struct Family: Sendable {
        let kind: Kind
        let help: String
        var samples: String
    }

    private var families: [String: Family] = [:]
    /// In the order of their first sample.
    private var order: [String] = []

    package init() {}

    /// Adds a sample. The samples of a name are written together, in whatever order they are added. The first one sets kind and help; one
    /// of another kind is left out, because a name has one kind.
    ///
    /// - Parameters:
    ///   - name: `[a-zA-Z_:][a-zA-Z0-9_:]*`; every other character becomes `_`.
    ///   - labels: names follow the same rule; values are any text.
    package mutating func add(_ kind: Kind, _ name: String, help: String, _ labels: [Label], _ value: Double) {
        let name = Self.name(name)
        add(Self.sample(name, labels, Self.number(value)), to: name, kind, help)
    }

    /// A sample without labels.
    package mutating func add(_ kind: Kind, _ name: String, help: String, _ value: Double) {
        add(kind, name, help: help, [], value)
    }

    /// Adds the samples of a histogram. Each bucket counts the values of those before it too.
    package mutating func add(_ name: String, help: String, _ labels: [Label], _ histogram: Histogram) {
        let name = Self.name(name)
        var (samples, count) = ("", UInt64(0))
        for bucket in histogram.buckets {
            count &+= bucket.count
            let bound = bucket.bound.map(Self.number) ?? "+Inf"
            samples += Self.sample("\(name)_bucket", labels + [("le", bound)], "\(count)")
        }
        samples += Self.sample("\(name)_sum", labels, Self.number(histogram.sum))
        samples += Self.sample("\(name)_count", labels, "\(count)")
        add(samples, to: name, .histogram, help)
    }

    private mutating func add(_ samples: String, to name: String, _ kind: Kind, _ help: String) {
        if families[name] == nil {
            families[name] = Family(kind: kind, help: help, samples: "")
            order.append(name)
        }
        guard families[name]?.kind == kind else { return }
        families[name]?.samples += samples
    }

    package var text: String {
        order.map { name in
            guard let family = families[name] else { return "" }
            return
                "# HELP \(name) \(Self.escaped(family.help, quotes: false))\n# TYPE \(name) \(family.kind.rawValue)\n"
                + family.samples
        }.joined()
    }

    /// `hits_total{route="/a"}`
    package static func series(_ name: String, _ labels: [Label]) -> String {
        let list = labels.map { "\(Self.name($0.name))=\"\(escaped($0.value, quotes: true))\"" }
        return name + (list.isEmpty ? "" : "{\(list.joined(separator: ","))}")
    }

    /// `0.25`, `3`
    package static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 9e15 ? "\(Int64(value))" : "\(value)"
    }

    private static func sample(_ name: String, _ labels: [Label], _ value: String) -> String {
        "\(series(name, labels)) \(value)\n"
    }

    /// Looks at scalars, not at characters: a quote is one even if an accent follows.
    private static func escaped(_ text: String, quotes: Bool) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += #"\\"#
            case "\n": result += #"\n"#
            case "\"" where quotes: result += #"\""#
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func name(_ text: String) -> String {
        let bytes = text.utf8.enumerated().map { index, byte -> UInt8 in
            let isLetter = (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x5F || byte == 0x3A
            return isLetter || index > 0 && (0x30...0x39).contains(byte) ? byte : 0x5F
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
