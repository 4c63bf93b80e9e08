/// What a record of a `MetricFile` says.
enum MetricRecord {
    /// With the numbers of its first row.
    case metric(MetricDescription)
    /// The numbers of a series: the place of its metric in the file, and the values of the labels.
    case row(of: Int, [String])

    private static let metricMark = "metric"
    private static let rowMark = "row"

    /// nil: these texts say nothing.
    init?(_ texts: [String]) {
        switch texts.first {
        case Self.metricMark:
            guard let description = MetricDescription(record: texts) else { return nil }
            self = .metric(description)
        case Self.rowMark:
            guard texts.count >= 2, let place = Int(texts[1]) else { return nil }
            self = .row(of: place, Array(texts.dropFirst(2)))
        default: return nil
        }
    }

    var texts: [String] {
        switch self {
        case .metric(let description):
            [
                Self.metricMark, description.kind.rawValue, description.name, description.help,
                "\(description.divisor)", "\(description.labels.count)",
            ] + description.labels + description.bounds.map { "\($0)" }
        case .row(let place, let values): [Self.rowMark, "\(place)"] + values
        }
    }
}

extension MetricDescription {
    /// nil: not what `MetricRecord` writes.
    fileprivate init?(record texts: [String]) {
        guard texts.count >= 6, let kind = Kind(rawValue: texts[1]), let divisor = UInt64(texts[4]),
            let labels = Int(texts[5]), labels >= 0, labels <= texts.count - 6
        else { return nil }
        let bounds = texts.dropFirst(6 + labels).map { UInt64($0) }
        guard bounds.allSatisfy({ $0 != nil }) else { return nil }
        let made = try? MetricDescription(
            kind, texts[2], help: texts[3], labels: Array(texts[6..<(6 + labels)]), bounds: bounds.compactMap { $0 },
            divisor: divisor)
        guard let made else { return nil }
        self = made
    }
}
