import Synchronization

/// Values that a plugin counts, sets or observes, from any thread. A metric without labels is one series; one with labels has a series for
/// each combination of values.
package final class Metric: Sendable {
    /// The most that `limits.metric_series` can allow.
    package static let seriesLimit = 10_000
    private static let valueLimit = 256

    package let description: MetricDescription
    /// In each row: the value of a counter or gauge; of a histogram the sum, then a count for each bucket.
    ///
    /// With labels, row 0 is what is beyond the limit.
    private let rows: MetricRows
    private let resolved = Mutex(Resolved())
    private let memory: MetricMemory
    /// Its place among the metrics of the listener.
    private let place: Int

    private struct Resolved {
        var rows: [[String]: Int] = [:]
        /// The values of the labels, from row 1.
        var values: [[String]] = []
    }

    /// - Parameter place: among the metrics of the listener.
    private init(place: Int, _ description: MetricDescription, in memory: MetricMemory) {
        self.place = place
        self.description = description
        self.memory = memory
        let words = description.kind == .histogram ? description.bounds.count + 2 : 1
        rows = MetricRows(wordsOfRow: words, limit: description.labels.isEmpty ? 1 : Self.seriesLimit + 1)
    }

    /// nil: there is no room for it.
    static func made(_ description: MetricDescription, place: Int, in memory: MetricMemory) -> Metric? {
        let metric = Metric(place: place, description, in: memory)
        return metric.appendRow(.metric(description)) == nil ? nil : metric
    }

    /// nil: there is no room for it.
    private func appendRow(_ record: MetricRecord) -> Int? {
        guard !rows.isFull, let words = memory.append(record.texts, numbers: rows.wordsOfRow) else { return nil }
        return rows.append(words)
    }

    // MARK: Records

    /// The metric of a record, with its first row. nil: the record has no such row.
    static func restored(
        _ description: MetricDescription, _ record: MetricFile.Record, place: Int, in memory: MetricMemory
    ) -> Metric? {
        let metric = Metric(place: place, description, in: memory)
        guard record.count == metric.rows.wordsOfRow else { return nil }
        _ = metric.rows.append(record.numbers)
        return metric
    }

    /// Adds the series of a record. False: this metric has no such series, or has it already.
    func restore(_ values: [String], _ record: MetricFile.Record) -> Bool {
        guard record.count == rows.wordsOfRow, !rows.isFull, values.count == description.labels.count else {
            return false
        }
        return resolved.withLock { resolved in
            guard resolved.rows[values] == nil else { return false }
            resolved.rows[values] = rows.append(record.numbers)
            resolved.values.append(values)
            return true
        }
    }

    /// Sets a gauge to 0 in all series: what it measured is gone.
    func resetIfGauge() {
        guard description.kind == .gauge else { return }
        for index in 0..<rows.count { rows[index]?.set(0, at: 0) }
    }

    // MARK: Series

    /// A series by its number: 0 is a metric without labels; with labels the numbers begin with 1.
    private func row(_ series: Int) -> MetricRow? {
        if description.labels.isEmpty { return series == 0 ? rows[0] : nil }
        return rows[series - 1]
    }

    /// The series with these values of the labels; created if there is none.
    ///
    /// - Parameter limit: with as many series, what is new is counted in the last one, whose label is "other".
    /// - Returns: its number, and whether it is that last one; nil: the metric has no labels, or another number of them.
    package func series(_ values: [String], limit: Int) -> (number: Int, isOther: Bool)? {
        guard !values.isEmpty, values.count == description.labels.count else { return nil }
        return resolved.withLock { resolved in
            if let row = resolved.rows[values] { return (row + 1, false) }
            guard resolved.values.count < limit, values.allSatisfy({ $0.utf8.count <= Self.valueLimit }),
                let row = appendRow(.row(of: place, values))
            else { return (1, true) }
            resolved.rows[values] = row
            resolved.values.append(values)
            return (row + 1, false)
        }
    }

    // MARK: Changes

    /// - Returns: false: there is no such series, or its kind does not allow it.
    package func add(_ amount: Int64, to series: Int = 0) -> Bool {
        guard description.kind == .gauge || description.kind == .counter && amount >= 0, let row = row(series) else {
            return false
        }
        row.add(UInt64(bitPattern: amount), at: 0)
        return true
    }

    /// - Returns: false: there is no such series, or its kind does not allow it.
    package func set(_ value: Int64, of series: Int = 0) -> Bool {
        guard description.kind == .gauge, let row = row(series) else { return false }
        row.set(UInt64(bitPattern: value), at: 0)
        return true
    }

    /// - Returns: false: there is no such series, or it is no histogram.
    package func observe(_ value: UInt64, in series: Int = 0) -> Bool {
        guard description.kind == .histogram, let row = row(series) else { return false }
        let bucket = description.bounds.firstIndex { value <= $0 } ?? description.bounds.count
        row.add(1, at: bucket + 1)
        row.add(value, at: 0)
        return true
    }

    // MARK: Reading

    /// The series that exist, in the order in which they were created; what is beyond the limit comes last.
    package var readings: [MetricReading] {
        guard !description.labels.isEmpty else { return [reading(rows[0], [])] }
        let values = resolved.withLock { $0.values }
        let hasOther = rows[0].map { row in (0..<rows.wordsOfRow).contains { row[$0] != 0 } } ?? false
        return values.enumerated().map { index, values in
            reading(rows[index + 1], zip(description.labels, values).map { MetricReading.Label(name: $0, value: $1) })
        } + (hasOther ? [reading(rows[0], [.init(name: MetricDescription.otherLabel, value: "true")])] : [])
    }

    private func reading(_ row: MetricRow?, _ labels: [MetricReading.Label]) -> MetricReading {
        guard let row else { preconditionFailure("a series has a row") }
        guard description.kind == .histogram else {
            return MetricReading(labels: labels, value: .number(Int64(bitPattern: row[0])))
        }
        let buckets = (0...description.bounds.count).map { row[$0 + 1] }
        return MetricReading(labels: labels, value: .histogram(sum: row[0], buckets: buckets))
    }
}

/// The value of a series at some recent moment.
package struct MetricReading: Sendable, Equatable {
    package struct Label: Sendable, Equatable {
        package let name: String
        package let value: String
    }

    package enum Value: Sendable, Equatable {
        case number(Int64)
        /// In each bucket the values above the bound before it; the last one has no bound.
        case histogram(sum: UInt64, buckets: [UInt64])
    }

    package let labels: [Label]
    package let value: Value

    /// Of a histogram: how many values it has.
    package var number: Int64 {
        switch value {
        case .number(let number): number
        case .histogram(_, let buckets): Int64(clamping: buckets.reduce(0, &+))
        }
    }
}
