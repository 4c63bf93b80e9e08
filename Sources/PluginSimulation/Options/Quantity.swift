/// Durations and sizes as they are written in TOML: a whole number and a unit.
enum Quantity {
    static func duration(_ text: String, path: String) throws(SimulationError) -> Int64 {
        try parse(
            text,
            units: [
                "ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000, "m": 60_000_000_000,
                "h": 3_600_000_000_000, "d": 86_400_000_000_000,
            ], what: "a duration such as \"30s\"", path: path)
    }

    static func size(_ text: String, path: String) throws(SimulationError) -> Int64 {
        try parse(
            text,
            units: [
                "": 1, "B": 1, "KB": 1_000, "MB": 1_000_000, "GB": 1_000_000_000, "TB": 1_000_000_000_000,
                "KiB": 1 << 10, "MiB": 1 << 20,
                "GiB": 1 << 30, "TiB": 1 << 40,
            ], what: "a size such as \"64KiB\"", path: path)
    }

    private static func parse(
        _ text: String, units: [String: Int64], what: String, path: String
    ) throws(SimulationError) -> Int64 {
        let digits = text.prefix { $0.isWholeNumber || $0 == "_" }
        let unit = text.dropFirst(digits.count).filter { $0 != " " }
        guard let count = Int64(digits.filter { $0 != "_" }), let scale = units[unit] else {
            throw .option(path: path, "expected \(what), found \"\(text)\"")
        }
        let (value, overflow) = count.multipliedReportingOverflow(by: scale)
        guard !overflow else { throw .option(path: path, "\"\(text)\" is too much") }
        return value
    }
}

extension Duration {
    /// Saturating.
    var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return seconds < 0 ? .min : .max }
        let (sum, overflowed) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
        return overflowed ? (seconds < 0 ? .min : .max) : sum
    }
}
