/// A page in the text format of Prometheus, read strictly: what the format does not allow, or what Prometheus would not store, is an error.
/// https://prometheus.io/docs/instrumenting/exposition_formats/
struct PrometheusPage {
    struct Sample {
        let name: String
        let labels: [String: String]
        let value: Double
    }

    struct Family {
        let name: String
        let help: String
        let kind: String
        var samples: [Sample] = []
    }

    private(set) var families: [String: Family] = [:]

    init(_ text: String) throws {
        guard text.hasSuffix("\n") else { throw Failure("the last line has no end") }
        var (name, help) = ("", String?.none)
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            if let rest = Self.rest(of: line, after: "# HELP ") {
                let words = rest.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
                guard words.count == 2 else { throw Failure("no help: \(line)") }
                (name, help) = (String(words[0]), try Self.unescaped(words[1], quotes: false))
                guard families[name] == nil else { throw Failure("a second head: \(line)") }
            } else if let rest = Self.rest(of: line, after: "# TYPE ") {
                let words = rest.split(separator: " ", omittingEmptySubsequences: false)
                let kinds: Set<Substring> = ["counter", "gauge", "histogram", "summary"]
                guard words.count == 2, words[0] == name, let given = help, kinds.contains(words[1]) else {
                    throw Failure("no valid type: \(line)")
                }
                families[name] = Family(name: name, help: given, kind: String(words[1]))
                help = nil
            } else {
                try add(Self.sample(line), below: name)
            }
        }
        for family in families.values { try check(family) }
    }

    /// The value of a sample; nil: there is none.
    func value(_ name: String, _ labels: [String: String]) -> Double? {
        families.values.lazy.flatMap(\.samples).first { $0.name == name && $0.labels == labels }?.value
    }

    private mutating func add(_ sample: Sample, below name: String) throws {
        guard let family = families[name] else { throw Failure("\(sample.name) has no head") }
        let suffixes =
            switch family.kind {
            case "histogram": ["_bucket", "_sum", "_count"]
            case "summary": ["", "_sum", "_count"]
            default: [""]
            }
        guard suffixes.contains(where: { name + $0 == sample.name }) else {
            throw Failure("\(sample.name) below the head of \(name)")
        }
        guard !family.samples.contains(where: { $0.name == sample.name && $0.labels == sample.labels }) else {
            throw Failure("\(sample.name) twice with \(sample.labels)")
        }
        guard family.kind != "counter" || sample.value >= 0 else { throw Failure("\(sample.name) is negative") }
        families[name]?.samples.append(sample)
    }

    /// Each series of a histogram has ascending bounds up to +Inf, cumulative counts, a sum, and the count of the last bucket.
    private func check(_ family: Family) throws {
        guard !family.samples.isEmpty else { throw Failure("\(family.name) has no samples") }
        guard family.kind == "histogram" else { return }
        let series = Set(family.samples.map { $0.labels.filter { $0.key != "le" } })
        for labels in series {
            func samples(_ suffix: String) -> [Sample] {
                family.samples.filter { sample in
                    sample.name == family.name + suffix && sample.labels.filter { $0.key != "le" } == labels
                }
            }
            let buckets = try samples("_bucket").map { bucket in
                guard let bound = bucket.labels["le"].flatMap(Self.number) else {
                    throw Failure("\(family.name) has a bucket without a bound")
                }
                return (bound: bound, count: bucket.value)
            }
            guard buckets.last?.bound == .infinity,
                zip(buckets, buckets.dropFirst()).allSatisfy({ $0.bound < $1.bound && $0.count <= $1.count })
            else { throw Failure("\(family.name) has buckets in disorder: \(buckets)") }
            guard samples("_sum").count == 1, samples("_count").map(\.value) == [buckets.last?.count] else {
                throw Failure("\(family.name) lacks its sum or its count")
            }
        }
    }

    /// `name{label="value",...} number`
    private static func sample(_ line: Substring) throws -> Sample {
        func isName(_ text: Substring, colons: Bool) -> Bool {
            guard let first = text.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
                return false
            }
            return text.utf8.allSatisfy { byte in
                let character = Character(Unicode.Scalar(byte))
                return character.isASCII && (character.isLetter || character.isNumber || character == "_")
                    || colons && character == ":"
            }
        }
        var rest = line.unicodeScalars[...]
        func take(while condition: (Unicode.Scalar) -> Bool) -> Substring {
            let taken = rest.prefix(while: condition)
            rest = rest[taken.endIndex...]
            return Substring(taken)
        }
        let name = take { $0 != "{" && $0 != " " }
        guard isName(name, colons: true) else { throw Failure("no name: \(line)") }
        var labels: [String: String] = [:]
        if rest.first == "{" {
            repeat {
                rest.removeFirst()
                let label = take { $0 != "=" }
                guard isName(label, colons: false), rest.starts(with: "=\"".unicodeScalars) else {
                    throw Failure("no label: \(line)")
                }
                rest.removeFirst(2)
                var isEscaped = false
                let value = take { scalar in
                    if !isEscaped, scalar == "\"" { return false }
                    isEscaped = !isEscaped && scalar == "\\"
                    return true
                }
                guard rest.first == "\"" else { throw Failure("a value without an end: \(line)") }
                rest.removeFirst()
                guard labels.updateValue(try unescaped(value, quotes: true), forKey: String(label)) == nil else {
                    throw Failure("a label twice: \(line)")
                }
            } while rest.first == ","
            guard rest.first == "}" else { throw Failure("labels without an end: \(line)") }
            rest.removeFirst()
        }
        guard rest.first == " ", let value = number(String(rest.dropFirst())) else {
            throw Failure("no value: \(line)")
        }
        return Sample(name: String(name), labels: labels, value: value)
    }

    private static func number(_ text: String) -> Double? {
        switch text {
        case "+Inf": .infinity
        case _ where text.allSatisfy { $0.isASCII && ($0.isNumber || "+-.e".contains($0)) }: Double(text)
        default: nil
        }
    }

    private static func unescaped(_ text: Substring, quotes: Bool) throws -> String {
        var (result, isEscaped) = ("", false)
        for scalar in text.unicodeScalars {
            switch (isEscaped, scalar) {
            case (false, "\\"):
                isEscaped = true
                continue
            case (true, "n"): result += "\n"
            case (true, "\\"): result += "\\"
            case (true, "\"") where quotes: result += "\""
            case (true, _): throw Failure("no such escape: \(text)")
            case (false, _): result.unicodeScalars.append(scalar)
            }
            isEscaped = false
        }
        guard !isEscaped else { throw Failure("an escape without an end: \(text)") }
        return result
    }

    private static func rest(of line: Substring, after prefix: String) -> Substring? {
        line.hasPrefix(prefix) ? line.dropFirst(prefix.count) : nil
    }
}
