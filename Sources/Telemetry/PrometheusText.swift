/// Metrics in the text format of Prometheus, version 0.0.4
/// (https://prometheus.io/docs/instrumenting/exposition_formats/).
package struct PrometheusText: Sendable {
    package enum Kind: String, Sendable { case counter, gauge, summary }

    private struct Family: Sendable {
        let kind: Kind
        let help: String
        var samples: String
    }

    private var families: [String: Family] = [:]
    /// In the order of their first sample.
    private var order: [String] = []

    package init() {}

    /// Adds a sample. The samples of a name are written together, in whatever order they are added. The first one sets kind and help.
    ///
    /// - Parameters:
    ///   - name: `[a-zA-Z_:][a-zA-Z0-9_:]*`; every other character becomes `_`.
    ///   - labels: names follow the same rule; values are any text.
    package mutating func add(
        _ kind: Kind, _ name: String, help: String, _ labels: [(name: String, value: String)], _ value: Double
    ) {
        let name = Self.name(name)
        if families[name] == nil {
            families[name] = Family(kind: kind, help: help, samples: "")
            order.append(name)
        }
        let list = labels.map { "\(Self.name($0.name))=\"\(Self.escaped($0.value, quotes: true))\"" }
        families[name]?.samples +=
            name + (list.isEmpty ? "" : "{\(list.joined(separator: ","))}") + " \(Self.number(value))\n"
    }

    /// A sample without labels.
    package mutating func add(_ kind: Kind, _ name: String, help: String, _ value: Double) {
        add(kind, name, help: help, [], value)
    }

    package var text: String {
        order.map { name in
            guard let family = families[name] else { return "" }
            return
                "# HELP \(name) \(Self.escaped(family.help, quotes: false))\n# TYPE \(name) \(family.kind.rawValue)\n"
                + family.samples
        }.joined()
    }

    private static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 9e15 ? "\(Int64(value))" : "\(value)"
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        text.reduce(into: "") { result, character in
            switch character {
            case "\\": result += #"\\"#
            case "\n", "\r\n": result += #"\n"#
            case "\"" where quotes: result += #"\""#
            default: result.append(character)
            }
        }
    }

    private static func name(_ text: String) -> String {
        let bytes = text.utf8.enumerated().map { index, byte -> UInt8 in
            let isLetter = (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x5F || byte == 0x3A
            return isLetter || index > 0 && (0x30...0x39).contains(byte) ? byte : 0x5F
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
