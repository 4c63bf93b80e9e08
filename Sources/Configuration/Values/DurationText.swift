/// Durations as people write them: `500ms`, `30s`, `5m`, `1h`, `2d`, or several in falling order: `1m30s`.
package enum DurationText {
    /// Largest first, the order in which a compound duration names them.
    private static let units: [(name: String, nanoseconds: Int64)] = [
        ("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000),
        ("ms", 1_000_000),
    ]

    /// Nil when the text has another form, or is more than an `Int64` of nanoseconds (292 years).
    package static func nanoseconds(_ text: String) -> Int64? {
        var rest = Substring(text)
        var total: Int64 = 0
        var unitsLeft = units[...]
        while !rest.isEmpty {
            guard let amount = takeNumber(&rest) else { return nil }
            let name = rest.prefix { $0.isASCII && $0.isLetter }
            rest = rest.dropFirst(name.count)
            guard let unit = unitsLeft.firstIndex(where: { $0.name == name }) else { return nil }
            let (product, tooLong) = amount.multipliedReportingOverflow(by: units[unit].nanoseconds)
            let (sum, sumTooLong) = total.addingReportingOverflow(product)
            guard !tooLong, !sumTooLong else { return nil }
            total = sum
            unitsLeft = units[(unit + 1)...]
        }
        return text.isEmpty ? nil : total
    }

    /// The shortest text that reads back as the same duration. Fractions of a millisecond are dropped.
    package static func render(nanoseconds: Int64) -> String {
        var rest = max(0, nanoseconds)
        var text = ""
        for unit in units where rest >= unit.nanoseconds {
            text += "\(rest / unit.nanoseconds)\(unit.name)"
            rest %= unit.nanoseconds
        }
        return text.isEmpty ? "0s" : text
    }
}

/// Decimal digits at the start of `text`; nil when there are none or they do not fit.
func takeNumber(_ text: inout Substring) -> Int64? {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    guard let value = Int64(digits) else { return nil }
    text = text.dropFirst(digits.count)
    return value
}
